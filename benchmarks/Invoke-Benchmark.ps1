<#
.SYNOPSIS
    Runs the benchmarks, or some of them, and writes what they measure: JSON lines, a table, plots.

.DESCRIPTION
    Each job is a script in benchmarks/jobs, and runs in a pwsh of its own. In a job this module and its peers do the same in
    turn; docs/performance.md says how it is measured. Nothing is installed: what a job misses is named, and skipped.

    The results go to out/benchmarks: DATE.jsonl, DATE.md and the plots in DATE.plots.

.EXAMPLE
    pwsh -NoProfile benchmarks/Invoke-Benchmark.ps1 -Job large-file, range -Quick
#>
[CmdletBinding()]
param(
    # The jobs to run: names of files in benchmarks/jobs. All, if none is named.
    [string[]] $Job,
    # How many times each takes its turn.
    [ValidateRange(1, 1000)]
    [int] $Rounds,
    # Small sizes and few rounds: to see that it runs, not to learn how fast.
    [switch] $Quick,
    # Where to work. A job takes the first that is on the file system it wants; on others root mounts an image in the first.
    [string[]] $Folder = @('/var/tmp', '/dev/shm'),
    # Where the results go.
    [string] $ResultFolder = "$PSScriptRoot/../out/benchmarks",
    # Writes the tables and plots of all results in that folder into docs/performance.md and README.md. Quick ones do not count.
    [switch] $UpdateDocs
)

$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/lib/Benchmark.psm1"
$known = (Get-ChildItem "$PSScriptRoot/jobs" -Filter *.ps1).BaseName
# "pwsh -File" hands over a list as one word.
$Job = @($Job -split ',' | Where-Object { $_ })
$Folder = @($Folder -split ',')
$unknown = $Job | Where-Object { $_ -notin $known }
if ($unknown) { throw "There is no job '$($unknown -join "', '")'. There are: $($known -join ', ')." }
if (-not $Job -and -not $UpdateDocs) { $Job = $known }
if (-not $Rounds) { $Rounds = $Quick ? 3 : 9 }

$null = [IO.Directory]::CreateDirectory($ResultFolder)
$failed = @()
$ResultFolder = [IO.Path]::GetFullPath($ResultFolder)
$folders = @($Folder | ForEach-Object { [IO.Path]::GetFullPath($_) } | Where-Object { [IO.Directory]::Exists($_) })
if ($Job) {
    $run = Get-RunRecord $Quick
    $resultPath = "$ResultFolder/$($run.date -replace ':').jsonl"
    [IO.File]::WriteAllText($resultPath, (ConvertTo-Json $run -Depth 5 -Compress) + "`n")
    $workName = "splice-benchmark-$PID"
    foreach ($probe in @{ Tool = 'strace'; Of = 'System calls' }, @{ Tool = 'time'; Of = 'The memory of programs' }) {
        $reason = Get-MissingReason $probe.Tool
        if ($reason) { Write-Warning "$($probe.Of) will not be measured: $reason" }
    }

    foreach ($name in $Job) {
        Write-Information "$([DateTime]::Now.ToString('HH:mm:ss')) $name" -InformationAction Continue
        $list = ($folders | ForEach-Object { "'$_'" }) -join ','
        $places = "-Folder $list -WorkName '$workName' -ResultPath '$resultPath'"
        $script = "& '$PSScriptRoot/lib/Invoke-Job.ps1' -Name '$name' -Rounds $Rounds -Quick:`$$Quick $places"
        $process = [Diagnostics.Process]::Start((Get-Pwsh), [string[]]('-NoProfile', '-NonInteractive', '-Command', $script))
        try {
            # Ctrl+C is heard between two looks.
            while (-not $process.WaitForExit(200)) { continue }
            if ($process.ExitCode) { $failed += $name }
        }
        finally {
            if (-not $process.HasExited) {
                $process.Kill($true)
                $process.WaitForExit()
            }

            $process.Dispose()
            Clear-Place $folders $workName
        }
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
