#!/bin/sh
# The namespace and rlev's search attributes. Needs TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu
until temporal operator cluster health >/dev/null 2>&1; do sleep 1; done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
attributes=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE")
for attribute in RlevSweep=Keyword RlevArm=Keyword RlevEstimator=Keyword RlevSeed=Int RlevStage=Keyword RlevStep=Int RlevHAcc=Double; do
  name=${attribute%%=*}
  case $attributes in
    *"$name"*) ;;
    *) temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "${attribute#*=}" ;;
  esac
done
