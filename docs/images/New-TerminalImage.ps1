<#
.SYNOPSIS
    Makes terminal.svg: what a terminal shows while the module is used.

.DESCRIPTION
    Types commands into a pwsh in tmux, waits until the last of them shows its progress bar, and hands what is on the
    screen, colours included, to rich, which draws it. It needs tmux, and Python with rich.

.EXAMPLE
    ./build.ps1 -Task Picture
#>
[CmdletBinding()]
param(
    # The picture.
    [string] $Path = "$PSScriptRoot/terminal.svg",

    # The module to use.
    [string] $Module = [IO.Path]::GetFullPath("$PSScriptRoot/../../out/Splice")
)

#requires -Version 7.4
$ErrorActionPreference = 'Stop'
$Path = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
$prompt = 'PS>'
$socket = "splice-picture-$PID"

$python = Get-Command python3 -CommandType Application -All -ErrorAction Ignore |
    Where-Object { & $_ -c 'import rich' 2>$null; $LASTEXITCODE -eq 0 } | Select-Object -First 1
if (-not $python) { throw 'Python with rich is missing. Get it with: apt-get install python3-rich' }
if (-not (Get-Command tmux -ErrorAction Ignore)) { throw 'tmux is missing. Get it with: apt-get install tmux' }

function Invoke-Tmux {
    tmux -u -L $socket -f /dev/null @args
    if ($LASTEXITCODE) { throw "'tmux $args' ended with exit code $LASTEXITCODE." }
}

# The screen with its colours, as soon as its last line is what is waited for.
function Wait-Screen([scriptblock] $Condition) {
    foreach ($try in 1..600) {
        $screen = @(Invoke-Tmux capture-pane -e -p)
        $plain = "$($screen -join "`n")" -replace '\e\[[\d;]*m', ''
        if (& $Condition ($plain.TrimEnd() -split "`n")[-1].TrimEnd()) { return $screen }
        Start-Sleep -Milliseconds 100
    }

    throw "The terminal does not show what is waited for ($Condition):`n$plain"
}

function Send-Command([string] $Command) {
    $null = Wait-Screen { param($last) $last -eq $prompt }
    Invoke-Tmux send-keys -l $Command
    $null = Wait-Screen { param($last) $last -eq "$prompt $Command" }
    Invoke-Tmux send-keys Enter
}

function Write-TestFile([string] $File, [int] $Megabytes, [long] $Length) {
    $stream = [IO.File]::Create($File)
    try {
        $block = [Security.Cryptography.RandomNumberGenerator]::GetBytes(1MB)
        foreach ($number in 1..$Megabytes) { $stream.Write($block) }
        $stream.SetLength($Length)
    }
    finally {
        $stream.Dispose()
    }
}

$shell = $null
$folder = [IO.Directory]::CreateTempSubdirectory('splice-').FullName
try {
    $null = New-Item -ItemType Directory "$folder/backup"
    Write-TestFile "$folder/disk.img" -Megabytes 64 -Length 10GB
    Write-TestFile "$folder/database.dump" -Megabytes 200 -Length 200MB

    . "$PSScriptRoot/../../build/Get-Pwsh.ps1"
    $start = "Import-Module '$Module'; Set-Location '$folder'; function prompt { '$prompt ' }; Clear-Host"
    $surroundings = '-u', 'NO_COLOR', "HOME=$folder", 'LC_ALL=C.UTF-8', 'POWERSHELL_UPDATECHECK=Off'
    Invoke-Tmux new-session -d -x 100 -y 24 env @surroundings (Get-Pwsh) -NoProfile -NoLogo -NoExit -Command $start
    $shell = Get-Process -Id (Invoke-Tmux display-message -p '#{pane_pid}')
    Send-Command 'Copy-ItemZeroCopy disk.img backup/'
    Send-Command 'Test-ZeroCopy database.dump backup/'
    Send-Command 'Copy-ItemZeroCopy database.dump backup/ -RateLimit 20MB'
    $screen = Wait-Screen { param($last) $last -match '\[(\d+)\S* MiB of 200 MiB' -and [int] $Matches[1] -ge 70 }
}
finally {
    tmux -L $socket kill-server 2>$null
    if ($shell) { $shell.WaitForExit() }
    Remove-Item $folder -Recurse -Force
}

# The fonts that rich names are on a server that a page need not be able to reach.
$draw = @'
import re, sys
from html import escape, unescape
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text
console = Console(record=True, width=100, file=open('/dev/null', 'w'))
console.print(Text.from_ansi(sys.stdin.read().rstrip()), no_wrap=True)
form = re.sub(r'(?s)\s*@font-face \{\{.*?\}\}', '', CONSOLE_SVG_FORMAT)
def words(match):
    # librsvg trims blanks at the start of a text: each word gets its own place.
    head, x, middle, tail, line = match.groups()
    return ''.join(
        f'{head}{float(x) + word.start() * 12.2:g}{middle}{len(word[0]) * 12.2:g}{tail}{escape(word[0])}</text>'
        for word in re.finditer('[^\xa0]+', unescape(line).rstrip('\n')))
drawn = re.sub(r'(<text class="[^"]*-r\d+" x=")([\d.]+)(" y="[\d.]+" textLength=")[\d.]+("[^>]*>)([^<]*)</text>', words,
               console.export_svg(title='pwsh', code_format=form))
with open(sys.argv[1], 'w') as picture:
    picture.write(drawn)
'@
$screen | & $python -c $draw $Path
if ($LASTEXITCODE) { throw "rich ended with exit code $LASTEXITCODE." }
Get-Item -LiteralPath $Path
