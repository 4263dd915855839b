<#
.SYNOPSIS
    Lists the texts of the code that users can see, for a review: errors, recommended actions, warnings, verbose and -WhatIf texts.

.DESCRIPTION
    A text is a string literal with at least two words. Doc comments and comments are left out. Emits one object for each, with its
    file, line and text, and writes all to a file, grouped by source file.

.EXAMPLE
    ./tests/Export-Message.ps1 | Where-Object Text -Match 'folder'
#>
[CmdletBinding()]
param([string] $Path = "$PSScriptRoot/../out/messages.txt")

$root = [IO.Path]::GetFullPath("$PSScriptRoot/../src")

# A comment, or a literal: raw, verbatim, or with escapes; an interpolation may contain literals again.
$interpolation = '\{(?:[^{}"]|"(?:[^"\\]|\\.)*"|\{[^{}]*\})*\}'
$pattern = '(?m)(?<comment>//.*$)|(?<literal>\$*"{3}[\s\S]*?"{3}|\$?@"(?:[^"]|"")*"|\$"(?:' + $interpolation +
    '|[^"\\{]|\\.|\{\{)*"|"(?:[^"\\\n]|\\.)*")|''(?:[^''\\]|\\.[^'']*)'''
$messages = foreach ($file in Get-ChildItem $root -Recurse -File -Filter *.cs | Where-Object FullName -NotMatch '/(obj|bin)/' | Sort-Object FullName) {
    $text = Get-Content $file -Raw
    foreach ($found in [regex]::Matches($text, $pattern)) {
        $literal = $found.Groups['literal'].Value -replace '^[$@]*"+|"+$'
        if ($literal -cmatch '[A-Za-z]{2,}[,:;.)'']* +\S*[a-z]') {
            [pscustomobject]@{
                File = [IO.Path]::GetRelativePath($root, $file)
                Line = ($text.Substring(0, $found.Index) -split "`n").Count
                Text = $literal -replace '\\n', ' ' -replace '\s+', ' '
            }
        }
    }
}

$null = New-Item -ItemType Directory -Force (Split-Path $Path)
$messages | Group-Object File | ForEach-Object { "## $($_.Name)"; $_.Group | ForEach-Object { "{0,4}  {1}" -f $_.Line, $_.Text }; '' } | Set-Content $Path
$messages
