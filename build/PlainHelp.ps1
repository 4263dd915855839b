# Makes plain text of the Markdown that the MAML help has from docs/en-US. build.ps1 and the tests dot-source it.

# A table of Markdown as columns that fit into the 72 columns of notes on a terminal of 80.
function Format-HelpTable([string] $Table) {
    $head, $rows = @($Table.Trim() -split "`n" -notmatch '^[|\s-]+$' | ForEach-Object { , @($_.Trim().Trim('|').Split('|').Trim()) })
    $widths = $head.Count -eq 3 ? @(20, 22, 26) : @(24, 46)
    $lines = foreach ($row in @(, $head; , @($widths.ForEach({ '-' * $_ })); $rows)) {
        # Each cell in lines of whole words.
        $cells = @(foreach ($i in 0..($row.Count - 1)) { , @([regex]::Matches($row[$i], "\S.{0,$($widths[$i] - 1)}(?=\s|`$)").Value) })
        foreach ($line in 0..(($cells.ForEach({ $_.Count }) | Measure-Object -Maximum).Maximum - 1)) {
            (@(0..($row.Count - 1)).ForEach({ "$(@($cells[$_])[$line])".PadRight($widths[$_]) }) -join '  ').TrimEnd()
        }
    }

    $lines -join "`n"
}

# What Get-Help prints has no fences, no backticks, and no links into the repository.
function ConvertTo-PlainHelp([string] $Maml) {
    $code = [regex]'(?s)<maml:introduction>\s*<maml:para>```powershell\n(.*?)\n?```</maml:para>(.*?)</maml:introduction>\s*<dev:code />\s*<dev:remarks />'
    $plain = $code.Replace($Maml, "<maml:introduction />`n        <dev:code>`$1</dev:code>`n        <dev:remarks>`$2  <maml:para />`n        </dev:remarks>")
    $plain = $plain -replace '\s*<maml:para>&#x80;</maml:para>'
    $plain = $plain -replace '(?s)\s*<maml:navigationLink>\s*<maml:linkText>Online Version</maml:linkText>\s*<maml:uri />\s*</maml:navigationLink>'
    # Get-Help -Online would open the first address, which is the page of something else.
    $plain = $plain -replace '(<maml:linkText>[^<]*)(</maml:linkText>\s*)<maml:uri>(https:[^<]*)</maml:uri>', '$1 $3$2<maml:uri />'
    $plain = $plain -replace '<maml:uri>[^<:]*</maml:uri>', '<maml:uri />'
    $plain = $plain -replace '(?:System\.Nullable|Splice\.EnumValue)`1\[([\w.]+)\]', '$1'
    [regex]::Replace($plain, '(?s)(<maml:para>)(.*?)(</maml:para>)', {
            param($match)
            $text = $match.Groups[2].Value.Replace('`', '')
            $text = [regex]::Replace($text, '(?m)(^\|.*\n?)+', { param($table) "$(Format-HelpTable $table.Value)`n" })
            $match.Groups[1].Value + $text + $match.Groups[3].Value
        })
}

# PlatyPS leaves out the default values of the pages. $null and False are none.
function Add-HelpDefault([string] $Maml, [string] $Folder) {
    foreach ($page in Get-ChildItem "$Folder/*-*.md") {
        $start = $Maml.IndexOf('<command:parameters>', $Maml.IndexOf("<command:name>$($page.BaseName)</command:name>"))
        $length = $Maml.IndexOf('</command:parameters>', $start) - $start
        $part = $Maml.Substring($start, $length)
        foreach ($match in [regex]::Matches((Get-Content $page -Raw), "(?ms)^### -(?<name>\w+)\n.*?^DefaultValue: '?(?<value>[^\n]*?)'?\n")) {
            $name, $value = $match.Groups['name', 'value'].Value
            if ($value -notin '', 'False') {
                $end = '(?s)(<maml:name>' + $name + '</maml:name>(?:(?!</command:parameter>).)*?</dev:type>)(?!\s*<dev:defaultValue>)'
                $part = [regex]::Replace($part, $end, "`$1`n        <dev:defaultValue>$([Security.SecurityElement]::Escape($value).Replace('$', '$$'))</dev:defaultValue>")
            }
        }

        $Maml = $Maml.Remove($start, $length).Insert($start, $part)
    }

    $Maml
}
