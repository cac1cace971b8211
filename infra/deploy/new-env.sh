#!/bin/sh
# Makes fresh secrets for docker-compose.yml in ./.env, or in the file that is named:  sh infra/deploy/new-env.sh [FILE]
set -eu
umask 077
file=${1:-.env}
hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
secrets() {
  for name in POSTGRES LOG PROFILE APPOINTMENTS FEEDBACK RECOMMEND GATEWAY; do
    echo "MAISON_PASSWORD_$name=$(hex 24)"
  done
  echo "MAISON_FIRST_PASSWORD=$(hex 12)"
  echo "MAISON_WECHAT_SECRET=$(hex 16)"
  echo "MAISON_SMS_SECRET_KEY=$(hex 16)"
  echo "MAISON_WECOM_SECRET=$(hex 16)"
  echo "MAISON_WECHAT_PUSH_TOKEN=$(hex 16)"
  echo "MAISON_WECOM_PUSH_TOKEN=$(hex 16)"
  # An EncodingAESKey: 32 bytes in base64, without the padding sign.
  for name in WECHAT WECOM; do
    echo "MAISON_${name}_PUSH_AES_KEY=$(head -c 32 /dev/urandom | base64 | tr -d '=\n')"
  done
}
# noclobber: a file that is there holds the passwords of a database that is there.
set -C
if ! { secrets > "$file"; } 2>/dev/null; then
  echo "$file is there already, or cannot be written; nothing was changed." >&2
  exit 1
fi
echo "The secrets are in $file. Keep it: without it the data cannot be opened."
