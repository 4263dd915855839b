<#
.SYNOPSIS
    Measures what importing the module adds to the start of pwsh, turn by turn with a start that imports nothing.
#>
param(
    # How many times both start.
    [int] $Pairs = 15
)

$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/statistics.ps1"
$module = [IO.Path]::GetFullPath([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1'))
$pwsh = [Environment]::ProcessPath

function Measure-Milliseconds([string] $Command) {
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    & $pwsh -NoProfile -Command $Command
    [Diagnostics.Stopwatch]::GetElapsedTime($start).TotalMilliseconds
}

$plain = [Collections.Generic.List[double]]::new()
$added = [Collections.Generic.List[double]]::new()
for ($pair = -1; $pair -lt $Pairs; $pair++) {
    $without = Measure-Milliseconds 'exit'
    $with = Measure-Milliseconds "Import-Module '$module'; exit"
    # The first pair only warms up.
    if ($pair -ge 0) {
        $plain.Add($without)
        $added.Add($with - $without)
    }
}

[pscustomobject]@{
    PowerShell = "$($PSVersionTable.PSVersion)"
    Pairs = $Pairs
    PlainMilliseconds = [Math]::Round((Get-Median $plain), 1)
    ImportAddsMilliseconds = [Math]::Round((Get-Median $added), 1)
}
