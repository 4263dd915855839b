<#
.SYNOPSIS
    Cuts a file into parts with Split-ItemZeroCopy and split(1), and joins them with Join-ItemZeroCopy and cat(1), turn by
    turn, in one run.

.DESCRIPTION
    The file stays in the page cache as far as it fits, and the parts are new each time. What is compared is the ratio within
    a round: a noisy machine slows all of a round. Where the file system shares blocks, the time is ours alone to look at.

.EXAMPLE
    pwsh -NoProfile benchmarks/split-and-join.ps1 -Folder /mnt/xfs
#>
param(
    # Where to cut and join. It needs room for some three times the file.
    [string] $Folder = [IO.Path]::GetTempPath(),
    # The file's size in bytes.
    [long] $Size = 4GB,
    # How many parts to make: the file's blocks divide evenly among them.
    [int] $Parts = 8,
    # How many times all run.
    [int] $Rounds = 7
)

$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/statistics.ps1"
Import-Module ([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1'))

$work = [IO.Path]::Combine($Folder, "splice-benchmark-$PID")
$null = [IO.Directory]::CreateDirectory("$work/parts")
try {
    $piece = [byte[]]::new(16MB)
    [Random]::new(1).NextBytes($piece)
    $file = [IO.File]::Create("$work/file")
    for ($i = 0L; $i -lt $Size; $i += $piece.Length) { $file.Write($piece, 0, $piece.Length) }
    $file.Dispose()
    sync -f $work

    $partSize = [long]($Size / $Parts)
    $scripts = [ordered]@{
        'split' = { split -d -a 3 -b $partSize "$work/file" "$work/parts/p." }
        'Split-ItemZeroCopy' = { Split-ItemZeroCopy "$work/file" "$work/parts" -PartSize $partSize }
        'cat' = { bash -c "cat $work/parts/p.* > $work/whole" }
        'Join-ItemZeroCopy' = { Join-ItemZeroCopy "$work/parts/file.*" "$work/whole" }
    }
    $seconds = Measure-InTurn $scripts $Rounds -WarmUp 1 -Before {
        param($name)
        if ($name -eq 'split') { Remove-Item "$work/parts/p.*" }
        if ($name -eq 'Split-ItemZeroCopy') { Remove-Item "$work/parts/file.*" }
        if ($name -in 'cat', 'Join-ItemZeroCopy') {
            if ([IO.File]::Exists("$work/whole")) { [IO.File]::Delete("$work/whole") }
            if ($name -eq 'cat' -and -not (Test-Path "$work/parts/p.000")) { & $scripts['split'] }
            if ($name -eq 'Join-ItemZeroCopy' -and -not (Test-Path "$work/parts/file.001")) { $null = & $scripts['Split-ItemZeroCopy'] }
        }

        # What the last one wrote is not to be the next one's burden.
        sync -f $work
    }

    foreach ($name in $scripts.Keys) {
        $peer = $name -in 'split', 'Split-ItemZeroCopy' ? 'split' : 'cat'
        [pscustomobject]@{
            Job = $name
            FileSystem = "$(stat -f -c %T $work)"
            GiB = $Size / 1GB
            Rounds = $Rounds
            MedianSeconds = [Math]::Round((Get-Median $seconds[$name]), 4)
            ToPeer = [Math]::Round((Get-MedianRatio $seconds[$name] $seconds[$peer]), 3)
        }
    }
}
finally {
    [IO.Directory]::Delete($work, $true)
}
