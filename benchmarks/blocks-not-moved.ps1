<#
.SYNOPSIS
    Copies what needs no bytes to be moved, turn by turn with GNU cp: a clone of a file where the file system shares
    blocks, and a sparse image.

.DESCRIPTION
    Name a folder on XFS or btrfs to see the clone; elsewhere its row says why there is none. cp's time has the start
    of its process in it.

.EXAMPLE
    pwsh -NoProfile benchmarks/blocks-not-moved.ps1 -Folder /mnt/xfs
#>
param(
    # Where to copy.
    [string] $Folder = '/var/tmp',
    # How many times both copy.
    [int] $Pairs = 9
)

$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/statistics.ps1"
Import-Module ([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1'))

$work = [IO.Path]::Combine($Folder, "splice-benchmark-$PID")
$null = [IO.Directory]::CreateDirectory($work)
try {
    # 1 GiB of data, and 10 GiB of which 64 MiB are data.
    $null = Copy-ItemZeroCopy /dev/urandom "$work/data" -Count 1GB
    $null = Copy-ItemZeroCopy /dev/urandom "$work/sparse" -Count 64MB -DestinationOffset 5GB
    $sparse = [IO.File]::OpenWrite("$work/sparse")
    $sparse.SetLength(10GB)
    $sparse.Dispose()
    sync

    foreach ($job in @{ Name = 'clone of 1 GiB'; File = 'data'; Method = 'Reflink' }, @{ Name = 'sparse 10 GiB'; File = 'sparse'; Method = 'Auto' }) {
        $ours = [Collections.Generic.List[double]]::new()
        $cps = [Collections.Generic.List[double]]::new()
        $refused = $null
        for ($pair = 0; $pair -lt $Pairs -and -not $refused; $pair++) {
            [IO.File]::Delete("$work/copy")
            $result = Copy-ItemZeroCopy "$work/$($job.File)" "$work/copy" -Method $job.Method -ErrorAction SilentlyContinue -ErrorVariable refused
            if (-not $refused) {
                $ours.Add($result.Elapsed.TotalMilliseconds)
                $blocks = stat -c %b "$work/copy"
            }

            [IO.File]::Delete("$work/copy")
            $start = [Diagnostics.Stopwatch]::GetTimestamp()
            cp "$work/$($job.File)" "$work/copy"
            $cps.Add([Diagnostics.Stopwatch]::GetElapsedTime($start).TotalMilliseconds)
        }

        [pscustomobject]@{
            Job = $job.Name
            FileSystem = "$(stat -f -c %T $work)"
            SpliceMilliseconds = if ($refused) { "$($refused[0].Exception.Errno)" } else { [Math]::Round((Get-Median $ours), 2) }
            CpMilliseconds = [Math]::Round((Get-Median $cps), 2)
            Method = if (-not $refused) { "$($result.Method)" }
            SourceBlocks = stat -c %b "$work/$($job.File)"
            CopyBlocks = if (-not $refused) { $blocks }
        }
    }
}
finally {
    [IO.Directory]::Delete($work, $true)
}
