"""Certificates signed by a CA of this machine: key, request, certificate and chain, checked before they appear."""
