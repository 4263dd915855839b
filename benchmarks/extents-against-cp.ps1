<#
.SYNOPSIS
    Copies a sparse image whose data is in many small extents with Copy-ItemZeroCopy and with GNU cp, turn by turn, in one
    run.

.DESCRIPTION
    100 GiB with 1 GiB of data in 10,000 extents, by default. The source's data stays in the page cache; the destination is
    new each time. The blocks that each copy takes are compared too.

.EXAMPLE
    pwsh -NoProfile benchmarks/extents-against-cp.ps1 -Folder /dev/shm, /var/tmp
#>
param(
    # Where to copy: one folder for each file system to measure. Each needs room for twice the data.
    [string[]] $Folder = @('/dev/shm', '/var/tmp'),
    # The size of the image, and of the data in it, in bytes.
    [long] $Size = 100GB,
    [long] $DataSize = 1GB,
    # In how many pieces the data is.
    [int] $Extents = 10000,
    # How many times both copy.
    [int] $Rounds = 9
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
        $length = [long][Math]::Floor($DataSize / $Extents / 4096) * 4096
        $step = [long][Math]::Floor($Size / $Extents / 4096) * 4096
        $bytes = [byte[]]::new($length)
        [Random]::new(1).NextBytes($bytes)
        $image = [IO.File]::Create($source)
        for ($i = 0; $i -lt $Extents; $i++) {
            $image.Position = $i * $step
            $image.Write($bytes, 0, $length)
        }

        $image.SetLength($Size)
        $image.Dispose()
        sync --file-system $work
        $blocks = @{}
        $scripts = [ordered]@{
            cp = { cp --sparse=auto $source $target; if ($LASTEXITCODE) { throw 'cp failed' } }
            splice = { Copy-ItemZeroCopy $source $target }
        }
        $seconds = Measure-InTurn $scripts $Rounds -Before {
            param($name)
            if ([IO.File]::Exists($target)) {
                sync --file-system $work
                $blocks[$last] = [long](stat --format %b $target)
                [IO.File]::Delete($target)
            }

            $script:last = $name
        }

        [pscustomobject]@{
            Folder = $place
            FileSystem = "$(stat -f -c %T $work)"
            Extents = $Extents
            Rounds = $Rounds
            CpSeconds = [Math]::Round((Get-Median $seconds.cp), 4)
            SpliceSeconds = [Math]::Round((Get-Median $seconds.splice), 4)
            MedianRatio = [Math]::Round((Get-MedianRatio $seconds.splice $seconds.cp), 3)
            CpBlocks = $blocks.cp
            SpliceBlocks = $blocks.splice
        }
    }
    finally {
        [IO.Directory]::Delete($work, $true)
    }
}
