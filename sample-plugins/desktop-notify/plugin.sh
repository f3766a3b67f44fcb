#!/usr/bin/env bash
# An Outrigger plugin in bash and jq: one JSON message a line on stdin and stdout. stderr is the log.
most=10

# A plugin gets no variable that leads to the desktop; where its bus is on Linux is known.
bus=/run/user/$UID/bus
[[ -S $bus ]] && export DBUS_SESSION_BUS_ADDRESS=unix:path=$bus

# Everything a message asks for: an answer for the host, or title, text and archive of a notification.
answer='
  def result($value): {jsonrpc: "2.0", id, result: $value};
  def hours: . / 36 | round / 100 | tostring + " h";
  def finished:
    if .parameters.__NOTIFY__ == false then empty else
      {notify: [
        (if .error then "Failed: " else "Done: " end) + ([.namespace // empty, .name] | join("/")),
        ([(.duration_s // empty | hours), (.error // empty | .type + ": " + .message)] | join("\n")),
        (.path // "" | if startswith("/") then "file://" + (split("/") | map(@uri) | join("/") | gsub("\u0027"; "%27")) else "" end)
      ]}
    end;
  def parameters:
    if has("__NOTIFY__") then {} else {action: "modify", changes: {experiment: {parameters: {__NOTIFY__: true}}}} end;
  def handle:
    if .method == "exit" then "" | halt_error(42)
    elif .method == "hook/notify" and .params.hook == "pycomex.after_experiment_finalize" then .params.payload.experiment | finished
    elif has("id") | not then empty
    elif .method == "hook/invoke" and .params.hook == "pycomex.before_experiment_parameters" then
      result(.params.payload.experiment.parameters // {} | parameters)
    elif .method | IN("initialize", "ping", "shutdown", "hook/invoke") then result({})
    elif has("method") then {jsonrpc: "2.0", id, error: {code: -32601, message: "Cannot handle \"\(.method)\": this plugin has no such method"}}
    else empty end;
  . as $message | try handle catch (. as $cause | $message | select(has("id")) | {jsonrpc: "2.0", id, error: {code: -32603, message: $cause}})'

# Shows title and text for five seconds; a click opens the folder.
show() {
  local title=$1 text=$2 folder=$3 clicked
  if command -v notify-send >/dev/null; then
    # It reads backslashes as escapes.
    text=${text//\\/\\\\}
    clicked=$(notify-send --app-name=Outrigger --expire-time=5000 --action=default=Open -- "$title" "$text") ||
      notify-send --app-name=Outrigger --expire-time=5000 -- "$title" "$text" || return
    if [[ $clicked == default && -n $folder ]]; then
      gdbus call --session --dest org.freedesktop.FileManager1 --object-path /org/freedesktop/FileManager1 \
        --method org.freedesktop.FileManager1.ShowFolders "['$folder']" ''
    fi
  elif command -v osascript >/dev/null; then
    osascript -e 'on run words' -e 'display notification (item 2 of words) with title (item 1 of words)' -e 'end run' -- "$title" "$text"
  else
    echo "it has neither notify-send nor osascript" >&2
    return 1
  fi
}

while IFS= read -r line; do
  said=$(jq -c "$answer" <<<"$line")
  [[ $? -eq 42 ]] && exit 0
  case $said in
    '{"notify":'*)
      readarray -t -d '' words < <(jq -j '.notify[] | . + "\u0000"' <<<"$said")
      # More at one time are no help: the log has them all.
      if (($(jobs -rp | wc -l) >= most)); then
        echo "not shown, $most are open: ${words[0]}" >&2
      else
        { show "${words[@]}" >/dev/null || echo "Cannot show a notification: ${words[0]} ${words[1]}" >&2; } &
      fi
      ;;
    ?*) printf '%s\n' "$said" ;;
  esac
done

exit 0
