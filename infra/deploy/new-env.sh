#!/bin/sh
# Writes fresh secrets for docker-compose.yml:  sh infra/deploy/new-env.sh > .env
set -eu
hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
for name in POSTGRES LOG PROFILE APPOINTMENTS FEEDBACK RECOMMEND GATEWAY; do
  echo "MAISON_PASSWORD_$name=$(hex 24)"
done
echo "MAISON_FIRST_PASSWORD=$(hex 12)"
echo "MAISON_WECHAT_SECRET=$(hex 16)"
echo "MAISON_WECHAT_PUSH_TOKEN=$(hex 16)"
# WeChat's EncodingAESKey: 32 bytes in base64, without the padding sign.
echo "MAISON_WECHAT_PUSH_AES_KEY=$(head -c 32 /dev/urandom | base64 | tr -d '=\n')"
