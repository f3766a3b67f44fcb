/** Shells `outrigger completions` writes a script for. Each script asks `outrigger __complete` what may stand at the cursor. */
export const COMPLETION_SCRIPTS = {
  bash: `# outrigger completions: eval "$(outrigger completions bash)"
_outrigger() {
  local line current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
      ":command "*)
        if declare -F _command_offset >/dev/null; then
          _command_offset "\${line#:command }"
        elif [ "\${line#:command }" -eq "$COMP_CWORD" ]; then
          mapfile -t COMPREPLY < <(compgen -c -- "$current")
        else
          compopt -o filenames 2>/dev/null
          mapfile -t COMPREPLY < <(compgen -f -- "$current")
        fi
        ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("$1" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _outrigger outrigger
`,
  zsh: `#compdef outrigger
# outrigger completions: eval "$(outrigger completions zsh)"
_outrigger() {
  local line offset
  local -a candidates
  for line in "\${(@f)$("$words[1]" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) _files; return ;;
      ':command '*)
        offset=\${line#:command }
        shift $offset words
        (( CURRENT -= offset ))
        _normal
        return
        ;;
      *) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  _describe -t outrigger outrigger candidates
}
if [ "$funcstack[1]" = _outrigger ]; then _outrigger "$@"; else compdef _outrigger outrigger; fi
`,
  fish: `# outrigger completions: outrigger completions fish | source
function __outrigger_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (command $words[1] __complete -- $words[2..-1] 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case ':command *'
                __fish_complete_subcommand --fcs-skip=(string replace ':command ' '' -- $line)
            case '*'
                echo $line
        end
    end
end
complete -c outrigger -f -a '(__outrigger_complete)'
`,
} as const;

export type Shell = keyof typeof COMPLETION_SCRIPTS;
