<#
.SYNOPSIS
    Runs the Pester files of this folder, and ends with their counts. The exit code is the number of failures, 255 at most.
#>
param(
    # Where to write the counts as JSON, for a script that adds them up.
    [string] $CountsPath
)

$ErrorActionPreference = 'Stop'
Import-Module Pester -MinimumVersion 5.7
$configuration = New-PesterConfiguration
$configuration.Run.Path = $PSScriptRoot
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
$result = Invoke-Pester -Configuration $configuration
$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
foreach ($test in $result.Skipped) {
    Write-Output "skipped: $($test.ExpandedPath)$(if ($test.ErrorRecord) { ": $($test.ErrorRecord[0])" })"
}

if ($CountsPath) {
    @{ passed = $result.PassedCount; failed = $failed; skipped = $result.SkippedCount } |
        ConvertTo-Json -Compress | Set-Content $CountsPath
}

exit [Math]::Min($failed, 255)
