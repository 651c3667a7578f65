#!/bin/bash
set -euo pipefail

unzip -q certifi-*.whl
cp certifi-*.dist-info/licenses/LICENSE .
# The name others know, and the one OpenSSL looks for; a noarch package may hold no link.
for name in cacert cert; do
    install -Dm 644 certifi/cacert.pem "$PREFIX/ssl/$name.pem"
done
