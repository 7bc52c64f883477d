"""Certificates, SCEP messages and bindings that stand in a pasted text, as facts.

Where to look: `marks.py` says whether it is worth looking, and loads nothing else for that; `finding.py` goes through a
text; `encoded.py` finds base64 (PEM blocks, messages in a URL), `listings.py` reads what certutil prints, `bindings.py`
what netsh prints; `types.py` has the nouns.
"""
