#!/bin/sh
# The tables of Temporal's two databases, and their update; the schemas are in the tool. Needs SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD.
set -eu
for database in temporal temporal_visibility; do
  case $database in
    temporal) schema=postgresql/v12/temporal ;;
    *) schema=postgresql/v12/visibility ;;
  esac
  tool() { temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" -p "$SQL_PORT" -u "$SQL_USER" --pw "$SQL_PASSWORD" --db "$database" "$@"; }
  # An empty database has no version to update from.
  tool update-schema --schema-name "$schema" || {
    tool setup-schema -v 0.0
    tool update-schema --schema-name "$schema"
  }
done
