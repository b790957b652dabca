# Completion of scheduler-register for fish: the program itself lists its commands and their switches.
function __scheduler_register_typed
    for word in (commandline -opc)[2..]
        string match -qr '^[-/]' -- $word; or string upper -- $word
    end
end
function __scheduler_register_next
    set -l typed (__scheduler_register_typed)
    set -l start (string join ' ' -- $typed)
    for command in (scheduler-register HELP 2>/dev/null | string replace -rf '^([A-Z]+( [A-Z]+)*)  .*' '$1')
        if test -z "$start"
            string split -f1 ' ' -- $command
        else if string match -q -- "$start *" $command
            string split ' ' -- $command | sed -n (math (count $typed) + 1)p
        end
    end | sort -u
    scheduler-register HELP $typed 2>/dev/null | string replace -rf '^  (/[A-Z]+=?).*' '$1'
    for name in (scheduler-register LIST EXECUTOR CONNECTOR 2>/dev/null | string replace -rf '^(\S+)  .*' '$1')
        echo /AGENTNAME=$name
    end
end
complete -c scheduler-register -f -a '(__scheduler_register_next)'
complete -c scheduler-register -s H -l home -r -a '(__fish_complete_directories)' -d "The scheduler's folder"
