"""Whole sites as their admins would send the logs of them, composed apart from the product."""
