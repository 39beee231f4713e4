/* ssldag completion: a script for a shell. It asks the program itself (complete.c) what may come next, so that it never
 * lags behind. */
#include <string.h>

#include "runtime/cli/cli.h"

static const char bash[] =
    "# completions of ssldag for bash: source <(ssldag completion bash)\n"
    "_ssldag() {\n"
    "    local line first words=() IFS=$'\\n'\n"
    "    COMPREPLY=()\n"
    "    while read -r line; do\n"
    "        case $line in\n"
    "        ':dirs') COMPREPLY+=($(compgen -d -- \"${COMP_WORDS[COMP_CWORD]}\")); compopt -o filenames ;;\n"
    "        ':files') COMPREPLY+=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\")); compopt -o filenames ;;\n"
    "        ':files '*)\n"
    "            COMPREPLY+=($(compgen -f -X \"!*.${line#:files }\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
    "                        $(compgen -d -- \"${COMP_WORDS[COMP_CWORD]}\")); compopt -o filenames ;;\n"
    "        *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]}\" __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
    "    return 0\n"
    "}\n"
    "complete -F _ssldag ssldag\n";

static const char zsh[] =
    "#compdef ssldag\n"
    "# completions of ssldag for zsh: ssldag completion zsh > \"${fpath[1]}/_ssldag\"\n"
    "_ssldag() {\n"
    "    local line name about\n"
    "    local -a found open\n"
    "    [[ ${words[CURRENT]} == --*=* ]] && compset -P 1 '*='\n"
    "    for line in \"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
    "        case $line in\n"
    "        ':dirs') _files -/ ;;\n"
    "        ':files') _files ;;\n"
    "        ':files '*) _files -g \"*.${line#:files }\" ;;\n"
    "        '') ;;\n"
    "        *)\n"
    "            name=${line%%$'\\t'*} about=${line#*$'\\t'}\n"
    "            [[ $about == $line ]] && about=\n"
    "            if [[ $name == *= ]]; then open+=(\"${name//:/\\\\:}:$about\")\n"
    "            else found+=(\"${name//:/\\\\:}:$about\"); fi ;;\n"
    "        esac\n"
    "    done\n"
    "    (( $#found )) && _describe ssldag found\n"
    "    (( $#open )) && _describe ssldag open -S ''\n"
    "    return 0\n"
    "}\n"
    "if [[ $funcstack[1] == _ssldag ]]; then _ssldag; else compdef _ssldag ssldag; fi\n";

static const char fish[] =
    "# completions of ssldag for fish: ssldag completion fish > ~/.config/fish/completions/ssldag.fish\n"
    "function __ssldag_complete\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    set -l option (string match -r -- '^--[^=]*=' (commandline -ct))\n"
    "    set -l current (string replace -r -- '^--[^=]*=' '' (commandline -ct))\n"
    "    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)\n"
    "        switch $line\n"
    "            case ':dirs'\n"
    "                __fish_complete_directories $current | string replace -r -- '^' \"$option\"\n"
    "            case ':files'\n"
    "                __fish_complete_path $current | string replace -r -- '^' \"$option\"\n"
    "            case ':files *'\n"
    "                __fish_complete_suffix .(string replace ':files ' '' -- $line)\n"
    "            case '*'\n"
    "                echo \"$option$line\"\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c ssldag -f -a '(__ssldag_complete)'\n";

static const struct {
    const char *name, *script;
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
enum { SHELLS = sizeof shells / sizeof *shells };

static const char *shell_name(const void *ctx, int i)
{
    (void)ctx;
    return i < SHELLS ? shells[i].name : NULL;
}

sdag_status sdag_cli_completion(sdag_cli *c)
{
    for (int i = 0; i < SHELLS; i++)
        if (!strcmp(c->args[0], shells[i].name)) return sdag_cli_print(c, shells[i].script);
    const char *near = sdag_nearest(c->args[0], shell_name, NULL);
    return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC,
                     "there are completions for bash, zsh and fish, not for '%.40s'%s%s%s", c->args[0],
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}
