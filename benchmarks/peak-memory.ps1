<#
.SYNOPSIS
    Compares the peak memory of a pwsh that copies a large file with that of one that copies a small file, each method
    in a process of its own.
#>
param(
    # Where to copy; twice the large size must be free.
    [string] $Folder = '/var/tmp',
    # The small and the large size in bytes.
    [long] $Small = 10MB,
    [long] $Large = 10GB,
    # The methods to measure.
    [string[]] $Method = @('CopyFileRange', 'SendFile', 'Splice', 'ReadWrite')
)

$ErrorActionPreference = 'Stop'
$module = [IO.Path]::GetFullPath([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1'))
Import-Module $module
$pwsh = [Environment]::ProcessPath
$work = [IO.Path]::Combine($Folder, "splice-benchmark-$PID")
$null = [IO.Directory]::CreateDirectory($work)

# VmHWM, proc(5): the most memory that the process ever had resident.
function Get-PeakMiB([string] $Name, [string] $Source) {
    $peak = & $pwsh -NoProfile -Command "
        Import-Module '$module'
        `$null = Copy-ItemZeroCopy '$Source' '$work/target' -Method $Name -ErrorAction Stop
        [IO.File]::ReadAllText('/proc/self/status') -match 'VmHWM:\s+(\d+) kB' | Out-Null
        `$Matches[1]"
    [Math]::Round([double]"$peak" / 1024, 1)
}

try {
    $null = Copy-ItemZeroCopy /dev/urandom "$work/small" -Count $Small
    $null = Copy-ItemZeroCopy /dev/urandom "$work/large" -Count $Large
    foreach ($name in $Method) {
        $smallPeak = Get-PeakMiB $name "$work/small"
        $largePeak = Get-PeakMiB $name "$work/large"
        [pscustomobject]@{
            Method = $name
            SmallBytes = $Small
            LargeBytes = $Large
            SmallPeakMiB = $smallPeak
            LargePeakMiB = $largePeak
            DifferenceMiB = [Math]::Round($largePeak - $smallPeak, 1)
        }
    }
}
finally {
    [IO.Directory]::Delete($work, $true)
}
