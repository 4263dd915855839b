<#
.SYNOPSIS
    Copies a tree of small files with Copy-ItemZeroCopy, GNU cp -r and Copy-Item, turn by turn, in one run; as a tree, and
    through the pipeline.

.DESCRIPTION
    10,000 files of 0 to 64 KiB in 100 folders, by default. The source stays in the page cache; the destination is new
    each time. What is compared is the ratio within a round: a noisy machine slows all of a round.

.EXAMPLE
    pwsh -NoProfile benchmarks/tree-against-peers.ps1 -Folder /dev/shm
#>
param(
    # Where to copy. It needs room for some six times the tree.
    [string] $Folder = '/dev/shm',
    # How many folders, and how many files in each.
    [int] $Folders = 100,
    [int] $FilesEach = 100,
    # The largest file in bytes.
    [int] $Largest = 64KB,
    # How many times all copy.
    [int] $Rounds = 9
)

$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/statistics.ps1"
Import-Module ([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1'))

$work = [IO.Path]::Combine($Folder, "splice-benchmark-$PID")
$source = "$work/source"
$random = [Random]::new(1)
$bytes = [byte[]]::new($Largest)
$random.NextBytes($bytes)
foreach ($i in 1..$Folders) {
    $null = [IO.Directory]::CreateDirectory("$source/$i")
    foreach ($j in 1..$FilesEach) {
        # Names are different in all folders, so that the pipeline can put all files into one.
        $file = [IO.File]::Create("$source/$i/file-$i-$j")
        $file.Write($bytes, 0, $random.Next($Largest + 1))
        $file.Dispose()
    }
}

try {
    $scripts = [ordered]@{
        'cp -r' = { cp -r $source $target; if ($LASTEXITCODE) { throw 'cp failed' } }
        'Copy-Item -Recurse' = { Copy-Item $source $target -Recurse }
        'Copy-ItemZeroCopy -Recurse' = { Copy-ItemZeroCopy $source $target -Recurse }
        'ls | Copy-Item' = { Get-ChildItem $source -Recurse -File | Copy-Item -Destination $target }
        'ls | Copy-ItemZeroCopy' = { Get-ChildItem $source -Recurse -File | Copy-ItemZeroCopy -Destination $target }
    }
    # As at a prompt: where the first error ends it all, a pipeline's files are copied one after the other.
    $ErrorActionPreference = 'Continue'
    $Error.Clear()

    # In the first rounds the runtime is still compiling what is called often.
    $seconds = Measure-InTurn $scripts $Rounds -WarmUp 8 -Before {
        param($name)
        $script:target = "$work/target"
        if ([IO.Directory]::Exists($target)) { [IO.Directory]::Delete($target, $true) }
        if ($name -like 'ls *') { $null = [IO.Directory]::CreateDirectory($target) }
    }

    if ($Error.Count) { throw $Error[0] }

    foreach ($name in $scripts.Keys) {
        [pscustomobject]@{
            Job = $name
            FileSystem = "$(stat -f -c %T $work)"
            Files = $Folders * $FilesEach
            Rounds = $Rounds
            MedianSeconds = [Math]::Round((Get-Median $seconds[$name]), 4)
            ToCp = [Math]::Round((Get-MedianRatio $seconds[$name] $seconds['cp -r']), 3)
            ToCopyItem = [Math]::Round((Get-MedianRatio $seconds[$name] $seconds['Copy-Item -Recurse']), 3)
            ToPipedCopyItem = [Math]::Round((Get-MedianRatio $seconds[$name] $seconds['ls | Copy-Item']), 3)
        }
    }
}
finally {
    [IO.Directory]::Delete($work, $true)
}
