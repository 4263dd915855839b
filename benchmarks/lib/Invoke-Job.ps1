<#
.SYNOPSIS
    Runs one job of the suite in this process, which is its alone, and adds what it measured to a file of JSON lines.
#>
param(
    [string] $Name,
    [int] $Rounds,
    [switch] $Quick,
    [string[]] $Folder,
    [string] $WorkName,
    [string] $ResultPath,
    [string] $Module,
    [switch] $Alone
)

$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/Benchmark.psm1"
Import-Module $Module
Initialize-Benchmark -Job $Name -Rounds $Rounds -Quick $Quick -Folder $Folder -WorkName $WorkName -Module $Module -Alone $Alone
try {
    & "$PSScriptRoot/../jobs/$Name.ps1" -Quick:$Quick | ForEach-Object {
        if ($_.kind -eq 'skip') { Write-Information "  skipped: $($_.case) $($_.contestant): $($_.reason)" -InformationAction Continue }
        [IO.File]::AppendAllText($ResultPath, (ConvertTo-Json $_ -Depth 5 -Compress) + "`n")
    }
}
finally {
    Close-Peer
}
