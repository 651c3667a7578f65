#!/bin/bash
set -euo pipefail

unzip -q certifi-*.whl
cp certifi-*.dist-info/licenses/LICENSE .
install -Dm 644 certifi/cacert.pem "$PREFIX/ssl/cacert.pem"
ln -s cacert.pem "$PREFIX/ssl/cert.pem"
