#!/bin/sh
# SeaweedFS with one user of S3, and the bucket of MLflow's artifacts.
set -eu
umask 077
cat >/tmp/s3.json <<CONFIG
{"identities": [{"name": "rlev", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
  "credentials": [{"accessKey": "$S3_ACCESS_KEY", "secretKey": "$S3_SECRET_KEY"}]}]}
CONFIG
(
  until echo "s3.bucket.list" | weed shell 2>/dev/null | grep -q mlflow; do
    sleep 2
    echo "s3.bucket.create -name mlflow" | weed shell >/dev/null 2>&1 || true
  done
) &
exec weed server -ip="$(hostname)" -ip.bind=0.0.0.0 -dir=/data -s3 -s3.config=/tmp/s3.json
