<#
.SYNOPSIS
    Runs the Pester files of this folder, and ends with their counts. The exit code is the number of failures, 255 at most.
#>
param(
    # The files to run, joined by commas. Default: all.
    [string] $Path,
    # The manifest of the Pester to run with. Default: the installed one.
    [string] $PesterPath = 'Pester',
    # Where to write the counts, and each test that failed or was skipped with its message, as JSON.
    [string] $ResultPath
)

$ErrorActionPreference = 'Stop'
Import-Module $PesterPath -MinimumVersion 5.7
$configuration = New-PesterConfiguration
$configuration.Run.Path = if ($Path) { $Path -split ',' } else { $PSScriptRoot }
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
$env:TMPDIR = sh "$PSScriptRoot/../run-folder.sh" begin $PID
try {
    $result = Invoke-Pester -Configuration $configuration
}
finally {
    sh "$PSScriptRoot/../run-folder.sh" end $env:TMPDIR
}

$failed = @($result.Failed) + @($result.FailedBlocks) + @($result.FailedContainers)
if ($ResultPath) {
    $other = foreach ($test in $failed + @($result.Skipped)) {
        @{
            Name = "$($test.ExpandedPath ?? $test.Item)"
            Failed = $test -in $failed
            Message = ($test.ErrorRecord | ForEach-Object { "$_" -replace '^is skipped, because ' }) -join "`n"
        }
    }
    @{ Passed = $result.PassedCount; Other = @($other) } | ConvertTo-Json -Depth 3 | Set-Content $ResultPath
}

exit [Math]::Min($failed.Count, 255)
