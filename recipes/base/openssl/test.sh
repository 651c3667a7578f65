#!/bin/bash
set -euo pipefail

openssl version -d | grep -qxF "OPENSSLDIR: \"$PREFIX/ssl\""
test "$(printf abc | openssl sha256 -r | cut -c1-16)" = ba7816bf8f01cfea

# A certificate is trusted because, and only because, the environment's own file has it.
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=rootstock -keyout key.pem -out cert.pem
if openssl verify cert.pem; then exit 1; fi
mkdir -p moved/lib moved/bin moved/ssl
cp -L "$PREFIX"/lib/lib{ssl,crypto}.so.3 moved/lib/
cp "$PREFIX/bin/openssl" moved/bin/
cp cert.pem moved/ssl/
moved/bin/openssl verify cert.pem

# Old algorithms are there for those who ask for them.
printf abc | openssl dgst -provider legacy -provider default -md4
