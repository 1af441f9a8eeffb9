/**
 * What shells are to run, by shell. Each asks `shoal __complete` with the words up to the cursor, the last of them, which
 * may be empty, behind a full stop: some shells drop empty words. The answers are lines of a word, a tab and what it is,
 * and at the end `:files` where names of files may stand there as well.
 */
export const COMPLETIONS: Readonly<Record<string, string>> = {
  // bash cuts words at = and : too, and wants what follows the last of them
  bash: `
_shoal() {
  local line word cut
  local -a words
  read -ra words <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ \${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
  word="\${words[\${#words[@]}-1]}"
  unset "words[\${#words[@]}-1]"
  case "$word" in
    *[=:]*) cut="\${word%"\${word##*[=:]}"}" ;;
  esac
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "\${word#"$cut"}")
    else
      line="\${line%%$'\\t'*}"
      COMPREPLY+=("\${line#"$cut"}")
    fi
  done < <("$1" __complete "\${words[@]:1}" ".$word" 2>/dev/null)
}
complete -F _shoal shoal
`,
  zsh: `
#compdef shoal
_shoal() {
  local line
  local -a found
  local files=0
  for line in "\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT-1]}" ".$PREFIX" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      files=1
    elif [[ -n $line ]]; then
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( \${#found} )) && _describe shoal found
  if (( files )); then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
  fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
if [[ $funcstack[1] == _shoal ]]; then _shoal "$@"; else compdef _shoal shoal; fi
`,
  fish: `
function __shoal_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  for line in ($words[1] __complete $words[2..-1] ".$word" 2>/dev/null)
    if test "$line" = :files
      __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$word")
    else
      echo $line
    end
  end
end
complete -c shoal -f -a '(__shoal_complete)'
`,
  powershell: `
Register-ArgumentCompleter -Native -CommandName shoal -ScriptBlock {
  param($word, $ast, $cursor)
  $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor -or ($_.Extent.EndOffset -eq $cursor -and $word -eq '') } | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  & shoal __complete @words ".$word" 2>$null | ForEach-Object {
    if ($_ -eq ':files') {
      Get-ChildItem -Name -Path ($word + '*') -ErrorAction SilentlyContinue |
        ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ProviderItem', $_) }
    } else {
      $value, $about = $_ -split "\`t", 2
      [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $(if ($about) { $about } else { $value }))
    }
  }
}
`,
}
