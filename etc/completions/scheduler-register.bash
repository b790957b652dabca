# Completion of scheduler-register for bash: the program itself lists its commands and their switches.
_scheduler_register() {
  local line=${COMP_LINE:0:COMP_POINT} current command='' word program=${COMP_WORDS[0]} options=()
  current=${line##* }
  local -a words
  read -ra words <<<"${line%"$current"}"
  local index=1
  while ((index < ${#words[@]})); do
    word=${words[index]}
    case $word in
    -H | --home)
      options=(-H "${words[index + 1]:-}")
      ((index += 2))
      continue
      ;;
    -* | /*) ;;
    *) command+=${command:+ }${word^^} ;;
    esac
    ((index++))
  done
  COMPREPLY=()
  if [[ ${words[-1]} == -H || ${words[-1]} == --home ]]; then
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    return
  fi
  local candidates=''
  case ${current^^} in
  -*) candidates='-H --home --help --version' ;;
  /AGENTNAME=*) candidates=$("$program" "${options[@]}" LIST EXECUTOR CONNECTOR 2>/dev/null | awk '/  / { print $1 }') ;;
  /THUMBPRINT=*) candidates=$("$program" "${options[@]}" LIST EXEC CONFIG 2>/dev/null | awk '/Thumbprint: / && $NF != "none" { print $NF }') ;;
  /FILENAME=* | /CURL=*)
    mapfile -t COMPREPLY < <(compgen -f -- "${current#*=}")
    return
    ;;
  /*)
    # shellcheck disable=SC2086 # a command has several words
    candidates=$("$program" HELP $command 2>/dev/null | sed -nE 's|^  (/[A-Z]+=?).*|\1|p')
    compopt -o nospace
    ;;
  *)
    candidates=$("$program" HELP 2>/dev/null | sed -nE 's/^([A-Z]+( [A-Z]+)*)  .*/\1/p' |
      awk -v typed="$command" 'typed == "" || index($0, typed " ") == 1 {
        rest = typed == "" ? $0 : substr($0, length(typed) + 2); split(rest, next_words, " "); print next_words[1] }' | sort -u)
    if [[ -z $current && -z $candidates ]]; then
      # shellcheck disable=SC2086
      candidates=$("$program" HELP $command 2>/dev/null | sed -nE 's|^  (/[A-Z]+=?).*|\1|p')
      compopt -o nospace
    fi
    ;;
  esac
  local typed=$current
  if [[ $current == *=* ]]; then typed=${current#*=}; else typed=${typed^^}; fi
  [[ $current == -* ]] && typed=$current
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$typed")
}
complete -F _scheduler_register scheduler-register
