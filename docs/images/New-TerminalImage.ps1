<#
.SYNOPSIS
    Makes terminal.svg: what a terminal shows while the module is used.

.DESCRIPTION
    Types commands into a pwsh in tmux: a tree is copied, a copy is stopped with Ctrl+C and resumed, and its file is sent to
    three hosts. Hands what is on the screen, colors included, to rich, which draws it. It needs tmux, Python with rich, and what
    the tests of hosts need: root, sshd and ssh.

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
. "$PSScriptRoot/../../tests/Pester/Common.ps1"

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

function Write-TestFile([string] $File, [int] $Length) {
    [IO.File]::WriteAllBytes($File, [Security.Cryptography.RandomNumberGenerator]::GetBytes($Length))
}

$shell = $hosts = $null
$folder = [IO.Directory]::CreateTempSubdirectory('splice-').FullName
try {
    $hosts = Open-SshHost "$folder/hosts"
    if (-not $hosts) { throw 'sshd or ssh is missing, or the user is not root. Get them with: apt-get install openssh-server openssh-client' }
    $null = New-Item -ItemType Directory "$folder/backup"
    Set-Content "$folder/hosts.txt" web1, web2, web3
    Write-TestFile "$folder/disk.img" 200MB
    foreach ($part in 'css', 'pages', 'pictures', 'scripts') {
        $null = New-Item -ItemType Directory "$folder/site/$part"
        foreach ($number in 1..250) { Write-TestFile "$folder/site/$part/$number" (200 * $number) }
    }

    $start = "Import-Module '$Module'; Set-Location '$folder'; function prompt { '$prompt ' }; Clear-Host"
    $surroundings = '-u', 'NO_COLOR', "HOME=$folder", 'LC_ALL=C.UTF-8', 'POWERSHELL_UPDATECHECK=Off'
    Invoke-Tmux new-session -d -x 100 -y 32 env @surroundings (Get-Pwsh) -NoProfile -NoLogo -NoExit -Command $start
    $shell = Get-Process -Id (Invoke-Tmux display-message -p '#{pane_pid}')
    Send-Command 'Copy-ItemZeroCopy site backup/ -Recurse -Preserve All'
    Send-Command 'Copy-ItemZeroCopy disk.img backup/ -Resume -RateLimit 20MB   # stopped with Ctrl+C'
    $null = Wait-Screen { param($last) $last -match '\[(\d+)\S* MiB of 200 MiB' -and [int] $Matches[1] -ge 80 }
    Invoke-Tmux send-keys C-c
    Send-Command 'Copy-ItemZeroCopy disk.img backup/ -Resume -Verify'
    Send-Command 'Get-Content hosts.txt | Send-ItemZeroCopy disk.img -Destination images -Verify'
    $screen = Wait-Screen { param($last) $last -eq $prompt }
}
finally {
    tmux -L $socket kill-server 2>$null
    if ($shell) { $shell.WaitForExit() }
    Close-SshHost $hosts
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
