# A contestant is a hashtable with a Name and one of these:
#   Script   runs in this process; it gets the number of the repetition
#   Command  a program and its arguments, in a process of its own; {0} is the number of the repetition
#   Python   a function of peers/peer.py and its arguments, in a Python that is running already; {0} as above
#   Timer    a script that measures by itself, and answers seconds
# Ours marks the one that the others are compared with, Needs the programs that a Script or a shell's command line uses, and
# Untraced who makes so many system calls that counting them takes minutes.

function Get-ContestantReason([hashtable] $Contestant) {
    $needs = @($Contestant.Needs; if ($Contestant.Command) { $Contestant.Command[0] }; if ($Contestant.Python) { 'python3' }) | Where-Object { $_ }
    if ($needs) { Get-MissingReason $needs }
}

# Runs a contestant once, with all its repetitions, and answers seconds, processor seconds and allocated bytes of one.
function Measure-Contestant([hashtable] $Contestant, [int] $Repeat = 1) {
    if ($Contestant.Python) { return Invoke-Python $Contestant.Python $Repeat }

    # Nobody pays for the garbage of who had the turn before.
    [GC]::Collect()
    $allocated = [GC]::GetTotalAllocatedBytes($true)
    $before = [Splice.Benchmarks.ProcessUsage]::ProcessorTime()
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    $output = @(Invoke-Contestant $Contestant $Repeat)
    $seconds = [Diagnostics.Stopwatch]::GetElapsedTime($start).TotalSeconds
    $after = [Splice.Benchmarks.ProcessUsage]::ProcessorTime()
    if ($Contestant.Timer) { $seconds = [double]"$($output[-1])" }
    [pscustomobject]@{
        Seconds = $seconds / $Repeat
        User = ($after.Item1 - $before.Item1) / $Repeat
        System = ($after.Item2 - $before.Item2) / $Repeat
        Allocated = $Contestant.Script ? ([GC]::GetTotalAllocatedBytes($true) - $allocated) / $Repeat : $null
    }
}

function Invoke-Contestant([hashtable] $Contestant, [int] $Repeat = 1) {
    if ($Contestant.Python) { return Invoke-Python $Contestant.Python $Repeat }
    $script = $Contestant.Script
    for ($number = 0; $number -lt $Repeat; $number++) {
        if ($script) {
            $null = & $script $number
        }
        elseif ($Contestant.Timer) {
            & $Contestant.Timer $number
        }
        else {
            $program, $arguments = $Contestant.Command.Replace('{0}', "$number")
            & $program @arguments
            if ($LASTEXITCODE) { throw "'$program $arguments' ended with exit code $LASTEXITCODE." }
        }
    }
}
