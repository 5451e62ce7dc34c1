# Completion of nn2flash 0.1.0 for bash: eval "$(nn2flash completion)"
_nn2flash() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} choices=
    if [ "$COMP_CWORD" -eq 1 ]; then
        choices="analyze quantize generate package new operators boards doctor completion"
    else
        case ${COMP_WORDS[1]}:$before in
            analyze:--board) choices="host mps2_an500 netduinoplus2 stm32h750b_dk" ;;
            analyze:--kernels) choices="auto small portable dense sparse" ;;
            analyze:--core) ;;
            analyze:--table-memory) ;;
            analyze:--code-memory) ;;
            analyze:--calibration) ;;
            analyze:--html) ;;
            quantize:--calibration) ;;
            quantize:--normalize) ;;
            quantize:--validation) ;;
            quantize:--max-accuracy-drop) ;;
            quantize:--out) ;;
            quantize:--report) ;;
            generate:--board) choices="host mps2_an500 netduinoplus2 stm32h750b_dk" ;;
            generate:--kernels) choices="auto small portable dense sparse" ;;
            generate:--c-api) choices="legacy st-ai" ;;
            generate:--core) ;;
            generate:--table-memory) ;;
            generate:--code-memory) ;;
            generate:--calibration) ;;
            generate:--name) ;;
            generate:--out-dir) ;;
            package:--board) choices="host mps2_an500 netduinoplus2 stm32h750b_dk" ;;
            package:--kernels) choices="auto small portable dense sparse" ;;
            package:--c-api) choices="legacy st-ai" ;;
            package:--core) ;;
            package:--table-memory) ;;
            package:--code-memory) ;;
            package:--calibration) ;;
            package:--name) ;;
            package:--out-dir) ;;
            new:--board) choices="host mps2_an500 netduinoplus2 stm32h750b_dk" ;;
            new:--from) ;;
            analyze:*) choices="-h --help --board --core --no-fpu --kernels --table-memory --code-memory --calibration --json --html" ;;
            quantize:*) choices="-h --help --calibration --normalize --validation --max-accuracy-drop --out --report" ;;
            generate:*) choices="-h --help --board --core --no-fpu --kernels --table-memory --code-memory --calibration --name --c-api --out-dir" ;;
            package:*) choices="-h --help --board --core --no-fpu --kernels --table-memory --code-memory --calibration --name --c-api --out-dir" ;;
            new:*) choices="-h --help --from --board" ;;
            operators:*) choices="-h --help --json" ;;
            boards:*) choices="-h --help --json" ;;
            doctor:*) choices="-h --help --json" ;;
            completion:*) choices="-h --help" ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$choices" -- "$word"))
}
# Where nothing of this fits, and for options that take a file: names of files.
complete -o bashdefault -o default -F _nn2flash nn2flash
