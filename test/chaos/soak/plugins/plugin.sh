#!/usr/bin/env bash
# Without an SDK, in bash alone: one line of the ledger for each call, written before it is answered.
while IFS= read -r line; do
  [[ $line =~ \"method\":\"([a-z$/A-Z]+)\" ]] || continue
  method=${BASH_REMATCH[1]}
  [[ $method == exit ]] && exit 0
  id=
  [[ $line =~ \"id\":([0-9]+) ]] && id=${BASH_REMATCH[1]}
  if [[ $method == hook/* ]]; then
    [[ $line =~ \"event\":\"([^\"]+)\" ]] && event=${BASH_REMATCH[1]}
    [[ $line =~ \"hook\":\"([^\"]+)\" ]] && hook=${BASH_REMATCH[1]}
    [[ $line =~ \"client\":\"([^\"]+)\" ]] && client=${BASH_REMATCH[1]}
    [[ $line =~ \"n\":([0-9]+) ]] && n=${BASH_REMATCH[1]}
    attempt=1
    [[ $line =~ \"attempt\":([0-9]+) ]] && attempt=${BASH_REMATCH[1]}
    echo "$event $hook $client $n $$ $attempt" >>"$SOAK_LEDGER"
  fi
  [[ -n $id ]] && echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{}}"
done
exit 0
