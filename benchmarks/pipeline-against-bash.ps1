<#
.SYNOPSIS
    Runs the same native commands with Invoke-PipelineZeroCopy, with bash and with PowerShell's own pipeline, turn by turn,
    in one run.

.DESCRIPTION
    A file in the page cache goes through two cats to /dev/null, and one of text through zstd -1 into a new file. What is
    compared is the paired ratio: a noisy machine slows both of a pair. bash's time has its own start in it, some 1 or 2 ms;
    the cmdlet's has its parameter binding and its result.

    PowerShell's own pipeline takes many times as long, and runs in rounds of its own, beside the cmdlet.

.EXAMPLE
    pwsh -NoProfile benchmarks/pipeline-against-bash.ps1
#>
param(
    # Where to work: it needs room for the file and its compressed copies.
    [string] $Folder = '/dev/shm',
    # The size of the files in bytes.
    [long] $Size = 1GB,
    # How many times the cmdlet and bash run.
    [int] $Pairs = 9,
    # How many times the cmdlet and PowerShell's own pipeline run.
    [int] $SlowPairs = 9
)

$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/statistics.ps1"
Import-Module ([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1'))

function Compare-Job([string] $Job, [System.Collections.Specialized.OrderedDictionary] $Scripts, [int] $Rounds, [int] $WarmUp = 2) {
    $peer, $ours = @($Scripts.Keys)
    $seconds = Measure-InTurn $Scripts $Rounds -Before { } -WarmUp $WarmUp
    [pscustomobject]@{
        Job = $Job
        Peer = $peer
        Pairs = $Rounds
        PeerSeconds = [Math]::Round((Get-Median $seconds.$peer), 4)
        SpliceSeconds = [Math]::Round((Get-Median $seconds.$ours), 4)
        MedianRatio = [Math]::Round((Get-MedianRatio $seconds.$ours $seconds.$peer), 3)
    }
}

$work = [IO.Path]::Combine($Folder, "splice-benchmark-$PID")
$null = [IO.Directory]::CreateDirectory($work)
try {
    # Text that is neither all the same nor all different: numbers, each on a line.
    $text = "$work/text"
    $null = Invoke-PipelineZeroCopy { seq 100000000 999999999 | head -c $Size } -OutputPath $text
    Compare-Job 'cat | cat > /dev/null' -Rounds $Pairs -Scripts ([ordered]@{
            bash = { bash -c "cat $text | cat > /dev/null"; if ($LASTEXITCODE) { throw 'bash failed' } }
            splice = { Invoke-PipelineZeroCopy { cat $text | cat } -OutputPath /dev/null }
        })
    Compare-Job 'zstd -1 < a > b' -Rounds $Pairs -Scripts ([ordered]@{
            bash = { bash -c "zstd -1 < $text > $work/bash.zst"; if ($LASTEXITCODE) { throw 'bash failed' } }
            splice = { Invoke-PipelineZeroCopy { zstd -1 } -InputPath $text -OutputPath "$work/splice.zst" }
        })
    cmp "$work/bash.zst" "$work/splice.zst"
    if ($LASTEXITCODE) { throw 'The two compressed files are different.' }
    Compare-Job 'cat | cat > /dev/null' -Rounds $SlowPairs -WarmUp 1 -Scripts ([ordered]@{
            pwsh = { cat $text | cat > /dev/null; if ($LASTEXITCODE) { throw 'cat failed' } }
            splice = { Invoke-PipelineZeroCopy { cat $text | cat } -OutputPath /dev/null }
        })
}
finally {
    [IO.Directory]::Delete($work, $true)
}
