"""What certutil and netsh print, for the tests of what reads it: the same certificate in every form."""

THUMBPRINT = "A1B2C3D4E5F60718293A4B5C6D7E8F9001122334"
SERIAL = "1500000002B7A6C1D4E5F60718000000000002"

VERBOSE = f"""my "Personal"
================ Certificate 0 ================
X509 Certificate:
Version: 3
Serial Number: {SERIAL.lower()}
Signature Algorithm:
    Algorithm ObjectId: 1.2.840.113549.1.1.11 sha256RSA
    Algorithm Parameters:
    05 00
Issuer:
    CN=Fabrikam Issuing CA 2
    DC=fabrikam
    DC=example
  Name Hash(sha1): 0102030405060708090a0b0c0d0e0f1011121314
  Name Hash(md5): 0102030405060708090a0b0c0d0e0f10

 NotBefore: 3/14/2024 9:12 AM
 NotAfter: 3/14/2027 9:12 AM

Subject:
    CN=NDES02-MSCEP-RA
    C=DE
  Name Hash(sha1): 0102030405060708090a0b0c0d0e0f1011121315
  Name Hash(md5): 0102030405060708090a0b0c0d0e0f11

Public Key Algorithm:
    Algorithm ObjectId: 1.2.840.113549.1.1.1 RSA
    Algorithm Parameters:
    05 00
Public Key Length: 2048 bits
Public Key: UnusedBits = 0
    0000  30 82 01 0a 02 82 01 01  00 c5 5a 11 22 33 44 55
    0010  66 77 88 99 aa bb cc dd  ee ff 00 11 22 33 44 55
Certificate Extensions: 4
    1.3.6.1.4.1.311.20.2: Flags = 0, Length = 1c
    Certificate Template Name (Certificate Type)
        CEPEncryption

    2.5.29.37: Flags = 0, Length = e
    Enhanced Key Usage
        Certificate Request Agent (1.3.6.1.4.1.311.20.2.1)

    2.5.29.15: Flags = 1(Critical), Length = 4
    Key Usage
        Key Encipherment (20)

    2.5.29.14: Flags = 0, Length = 16
    Subject Key Identifier
        0102030405060708090a0b0c0d0e0f1011121316

Signature Algorithm:
    Algorithm ObjectId: 1.2.840.113549.1.1.11 sha256RSA
    Algorithm Parameters:
    05 00
Signature: UnusedBits=0
    0000  38 c4 1b 14 d8 74 95 42  1b fb 7d 72 d2 0b 03 ad
Non-root Certificate
Key Id Hash(rfc-sha1): 0102030405060708090a0b0c0d0e0f1011121316
Cert Hash(md5): 0102030405060708090a0b0c0d0e0f12
Cert Hash(sha1): {THUMBPRINT.lower()}
Cert Hash(sha256): 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

  CERT_KEY_PROV_INFO_PROP_ID(2):
    Key Container = te-1234
  Unique container name: 1234_abcd
    Provider = Microsoft Strong Cryptographic Provider
    ProviderType = 1
    Flags = 20 (32)
      CRYPT_MACHINE_KEYSET -- 20 (32)
    KeySpec = 1 -- AT_KEYEXCHANGE

Private key is NOT exportable
Encryption test passed
CertUtil: -store command completed successfully.
"""

SHORT = f"""my "Personal"
================ Certificate 0 ================
Serial Number: {SERIAL.lower()}
Issuer: CN=Fabrikam Issuing CA 2, DC=fabrikam, DC=example
 NotBefore: 3/14/2024 9:12 AM
 NotAfter: 3/14/2027 9:12 AM
Subject: CN=NDES02-MSCEP-RA, C=DE
Non-root Certificate
Template: CEPEncryption, CEP Encryption
Cert Hash(sha1): {" ".join(THUMBPRINT.lower()[i : i + 2] for i in range(0, 40, 2))}
  Key Container = te-1234
  Unique container name: 1234_abcd
  Provider = Microsoft Strong Cryptographic Provider
Encryption test passed
CertUtil: -store command completed successfully.
"""

GERMAN = f"""my "Eigene Zertifikate"
================ Zertifikat 0 ================
Seriennummer: {SERIAL.lower()}
Aussteller: CN=Fabrikam Issuing CA 2, DC=fabrikam, DC=example
 Nicht vor: 14.03.2024 09:12
 Nicht nach: 14.03.2027 09:12
Antragsteller: CN=NDES02-MSCEP-RA, C=DE
Kein Stammzertifikat
Vorlage: CEPEncryption, CEP Encryption
Zertifikathash(sha1): {THUMBPRINT.lower()}
  Schl\ufffdsselcontainer = te-1234
  Eindeutiger Containername: 1234_abcd
  Anbieter = Microsoft Strong Cryptographic Provider
Verschl\ufffdsselungstest wurde durchgef\ufffdhrt
CertUtil: -store-Befehl wurde erfolgreich ausgef\ufffdhrt.
"""

WEB = """================ Certificate 1 ================
X509 Certificate:
Version: 3
Serial Number: 16aa
Issuer:
    CN=Fabrikam Issuing CA 2
 NotBefore: 1/2/2026 1:00 PM
 NotAfter: 1/2/2027 1:00 PM
Subject:
    CN=ndes.fabrikam.example
Public Key Algorithm:
    Algorithm ObjectId: 1.2.840.113549.1.1.1 RSA
Public Key Length: 2048 bits
Certificate Extensions: 2
    2.5.29.37: Flags = 0, Length = e
    Enhanced Key Usage
        Server Authentication (1.3.6.1.5.5.7.3.1)
        Client Authentication (1.3.6.1.5.5.7.3.2)

    2.5.29.17: Flags = 0, Length = 4
    Subject Alternative Name
        DNS Name=ndes.fabrikam.example
        DNS Name=ndes02.fabrikam.example

Non-root Certificate
Cert Hash(sha1): b1b2c3d4e5f60718293a4b5c6d7e8f9001122334
"""
WEB_THUMBPRINT = "B1B2C3D4E5F60718293A4B5C6D7E8F9001122334"


def bound(*rows: tuple[str, str], german: bool = False) -> str:
    """`netsh http show sslcert` for these addresses and thumbprints."""
    title = "SSL-Zertifikatbindungen:" if german else "SSL Certificate bindings:"
    parts = [f"\n{title} \n-------------------------\n"]
    names = ("Port", "Zertifikathash") if german else ("port", "Certificate Hash")
    for address, thumbprint in rows:
        kind = "IP" if address[0].isdigit() else "Hostname"
        parts.append(f"    {f'{kind}:{names[0]}':<29}: {address}")
        parts.append(f"    {names[1]:<29}: {thumbprint.lower()}")
        parts.append("    Certificate Store Name       : My\n    Negotiate Client Certificate : Disabled\n")
    return "\n".join(parts)
