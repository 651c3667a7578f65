#!/bin/bash
set -euo pipefail

python3 test.py
