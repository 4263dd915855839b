<#
.SYNOPSIS
    Copies one file with Copy-ItemZeroCopy and with GNU cp, turn by turn, in one run.

.DESCRIPTION
    The source stays in the page cache; the destination is a new file each time. Who goes first alternates. What is
    compared is the paired ratio: a noisy machine slows both of a pair. cp's time has the start of its process in it,
    some 1 or 2 ms; the cmdlet's has its parameter binding and its result.

.EXAMPLE
    pwsh -NoProfile benchmarks/copy-against-cp.ps1 -Folder /dev/shm, /var/tmp
#>
param(
    # Where to copy: one folder for each file system to measure. Each needs room for two files.
    [string[]] $Folder = @('/dev/shm', '/var/tmp'),
    # The size of the file in bytes.
    [long] $Size = 1GB,
    # How many times both copy.
    [int] $Pairs = 9
)

$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/statistics.ps1"
Import-Module ([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1'))

foreach ($place in $Folder) {
    $work = [IO.Path]::Combine($place, "splice-benchmark-$PID")
    $null = [IO.Directory]::CreateDirectory($work)
    try {
        $source = "$work/source"
        $target = "$work/target"
        $null = Copy-ItemZeroCopy /dev/urandom $source -Count $Size
        $scripts = [ordered]@{
            cp = { cp $source $target; if ($LASTEXITCODE) { throw 'cp failed' } }
            splice = { $script:result = Copy-ItemZeroCopy $source $target }
        }
        $seconds = Measure-InTurn $scripts $Pairs -Before { [IO.File]::Delete($target) }
        [pscustomobject]@{
            Folder = $place
            FileSystem = "$(stat -f -c %T $work)"
            Bytes = $Size
            Pairs = $Pairs
            CpSeconds = [Math]::Round((Get-Median $seconds.cp), 4)
            SpliceSeconds = [Math]::Round((Get-Median $seconds.splice), 4)
            MedianRatio = [Math]::Round((Get-MedianRatio $seconds.splice $seconds.cp), 3)
            Method = $result.Method
            SystemCalls = $result.SystemCalls
        }
    }
    finally {
        [IO.Directory]::Delete($work, $true)
    }
}
