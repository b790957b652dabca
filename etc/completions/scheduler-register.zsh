#compdef scheduler-register
# Completion of scheduler-register for zsh: the program itself lists its commands and their switches.
_scheduler-register() {
  local program=${words[1]} command current=${words[CURRENT]}
  local -a options typed candidates
  local -i index
  for ((index = 2; index < CURRENT; index++)); do
    case ${words[index]} in
      -H|--home) options=(-H "${words[index + 1]}"); ((index++)) ;;
      [-/]*) ;;
      *) typed+=("${(U)words[index]}") ;;
    esac
  done
  command="${typed[*]}"
  case ${words[CURRENT - 1]} in -H|--home) _files -/; return ;; esac
  case ${(U)current} in
    -*) compadd -- -H --home --help --version ;;
    /AGENTNAME=*)
      compset -P '*='
      compadd -- ${(f)"$($program $options LIST EXECUTOR CONNECTOR 2>/dev/null | awk '/  / { print $1 }')"} ;;
    /THUMBPRINT=*)
      compset -P '*='
      compadd -- ${(f)"$($program $options LIST EXEC CONFIG 2>/dev/null | awk '/Thumbprint: / && $NF != "none" { print $NF }')"} ;;
    /FILENAME=*|/CURL=*) compset -P '*='; _files ;;
    /*) compadd -S '' -- ${(f)"$($program HELP $typed 2>/dev/null | sed -nE 's|^  (/[A-Z]+=?).*|\1|p')"} ;;
    *)
      candidates=(${(uf)"$($program HELP 2>/dev/null | sed -nE 's/^([A-Z]+( [A-Z]+)*)  .*/\1/p' |
        awk -v typed="$command" 'typed == "" || index($0, typed " ") == 1 {
          rest = typed == "" ? $0 : substr($0, length(typed) + 2); split(rest, w, " "); print w[1] }')"})
      if ((${#candidates})); then compadd -M 'm:{a-z}={A-Z}' -- $candidates
      else compadd -S '' -- ${(f)"$($program HELP $typed 2>/dev/null | sed -nE 's|^  (/[A-Z]+=?).*|\1|p')"}; fi ;;
  esac
}
_scheduler-register "$@"
