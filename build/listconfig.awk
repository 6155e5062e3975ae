# listconfig.awk CONFIG KCONFIG...: each symbol on a line: its name and value, its type, its prompt.
# A symbol that CONFIG does not mention cannot be chosen as things are: its value is shown as "-".

FNR == 1 { files++ }

files == 1 {
    if (match($0, /^CONFIG_[A-Z0-9_]+=/)) value[substr($0, 8, RLENGTH - 8)] = substr($0, RLENGTH + 1)
    if ($0 ~ /^# CONFIG_[A-Z0-9_]+ is not set$/) value[substr($2, 8)] = "n"
    next
}

function finish() {
    if (symbol) printf "%-24s %-6s %s\n", symbol "=" (symbol in value ? value[symbol] : "-"), type, prompt
    symbol = type = prompt = ""
}

$1 ~ /^(config|choice|endchoice|menu|endmenu|source)$/ { finish() }
$1 == "config" { symbol = $2 }
$1 == "option" { symbol = "" } # env: a variable, not a choice
symbol && $1 ~ /^(def_)?(bool|int|string)$/ && !type {
    type = $1
    sub(/^def_/, "", type)
    if (match($0, /".*"/)) prompt = substr($0, RSTART + 1, RLENGTH - 2)
}
END { finish() }
