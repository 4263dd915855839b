<#
.SYNOPSIS
    Runs the benchmarks, or some of them, and writes what they measure: JSON lines, a table, plots.

.DESCRIPTION
    Each job is a script in benchmarks/jobs, and runs in a pwsh of its own. In a job this module and its peers do the same in
    turn; docs/performance/method.md says how it is measured. Nothing is installed: what a job misses is named, and skipped.

    The results go to out/benchmarks: DATE.jsonl, DATE.md and the plots in DATE.plots.

    With -Compare, the module of another commit takes the peers' place: each round runs a job once with either module, in random
    order, and the output has the ratio of this module's time to the other's for each case.

.EXAMPLE
    pwsh -NoProfile benchmarks/Invoke-Benchmark.ps1 -Job large-file, range -Quick

.EXAMPLE
    pwsh -NoProfile benchmarks/Invoke-Benchmark.ps1 -Job call-overhead, small-files, large-file -Quick -Compare HEAD~10
#>
[CmdletBinding()]
param(
    # The jobs to run: names of files in benchmarks/jobs. All, if none is named.
    [string[]] $Job,
    # The largest number of rounds of a case. Default: 15, or 3 with -Quick. A case ends earlier if its ratios vary little, or after 40 s.
    [ValidateRange(1, 1000)]
    [int] $Rounds,
    # Small sizes and few rounds: to see that it runs, not to learn how fast.
    [switch] $Quick,
    # Where to work. A job takes the first that is on the file system it wants; on others root mounts an image in the first.
    [string[]] $Folder = @('/var/tmp', '/dev/shm'),
    # Where the results go.
    [string] $ResultFolder = "$PSScriptRoot/../out/benchmarks",
    # Compares with the module of this commit instead of with peers.
    [string] $Compare,
    # Writes the tables and plots of all results in that folder into docs/performance.md, docs/performance and README.md. Quick ones do not count.
    [switch] $UpdateDocs
)

$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/lib/Benchmark.psm1"
$known = (Get-ChildItem "$PSScriptRoot/jobs" -Filter *.ps1).BaseName
# "pwsh -File" hands over a list as one word.
$Job = @($Job -split ',' | Where-Object { $_ })
$Folder = @($Folder -split ',')
$unknown = $Job | Where-Object { $_ -notin $known }
if ($unknown) { throw "Job '$($unknown -join "', '")' was not found. Jobs: $($known -join ', ')." }
if (-not $Job -and -not $UpdateDocs) { $Job = $known }
if (-not $Rounds) { $Rounds = $Quick ? 3 : $Compare ? 9 : 15 }

$null = [IO.Directory]::CreateDirectory($ResultFolder)
$failed = @()
$ResultFolder = [IO.Path]::GetFullPath($ResultFolder)
$folders = @($Folder | ForEach-Object { [IO.Path]::GetFullPath($_) } | Where-Object { [IO.Directory]::Exists($_) })
if ($Compare) {
    Compare-Build $Compare $Job $ResultFolder @{ Rounds = $Rounds; Quick = $Quick; Folder = $folders; WorkName = "splice-benchmark-$PID" }
    return
}

if ($Job) {
    $run = Get-RunRecord $Quick
    $resultPath = "$ResultFolder/$($run.date -replace ':').jsonl"
    [IO.File]::WriteAllText($resultPath, (ConvertTo-Json $run -Depth 5 -Compress) + "`n")
    $jobOptions = @{ Rounds = $Rounds; Quick = $Quick; Folder = $folders; WorkName = "splice-benchmark-$PID" }
    foreach ($probe in @{ Tool = 'strace'; Of = 'System calls' }, @{ Tool = 'time'; Of = 'The memory of programs' }) {
        $reason = Get-MissingReason $probe.Tool
        if ($reason) { Write-Warning "$($probe.Of) will not be measured: $reason" }
    }

    foreach ($name in $Job) {
        Write-Information "$([DateTime]::Now.ToString('HH:mm:ss')) $name" -InformationAction Continue
        if (-not (Invoke-JobProcess $name $resultPath @jobOptions)) { $failed += $name }
    }

    $records = Read-Record $resultPath
    $markdown = [IO.Path]::ChangeExtension($resultPath, '.md')
    [IO.File]::WriteAllText($markdown, (Format-Run $records))
    Format-TargetTable $records
    $resultPath
    $markdown
    Write-Plot $resultPath ([IO.Path]::ChangeExtension($resultPath, 'plots'))
}

if ($UpdateDocs) { Write-Document $ResultFolder ([IO.Path]::GetFullPath("$PSScriptRoot/..")) }
if ($failed) { throw "These jobs ended with an error: $($failed -join ', ')." }
