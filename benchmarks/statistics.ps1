# What the benchmarks share. They dot-source it.

function Get-Median([double[]] $Value) {
    [Array]::Sort($Value)
    ($Value[[int][Math]::Floor(($Value.Length - 1) / 2)] + $Value[[int][Math]::Ceiling(($Value.Length - 1) / 2)]) / 2
}

# Runs each of several scripts in turn, as often as wanted, and answers each one's seconds in order. Who begins moves on
# from round to round. The first rounds only warm up and are not counted.
function Measure-InTurn([System.Collections.Specialized.OrderedDictionary] $Script, [int] $Rounds, [scriptblock] $Before, [int] $WarmUp = 2) {
    $names = @($Script.Keys)
    $seconds = @{}
    foreach ($name in $names) { $seconds[$name] = [Collections.Generic.List[double]]::new() }
    for ($round = -$WarmUp; $round -lt $Rounds; $round++) {
        for ($i = 0; $i -lt $names.Count; $i++) {
            $name = $names[($i + $round + $WarmUp) % $names.Count]
            & $Before $name
            $start = [Diagnostics.Stopwatch]::GetTimestamp()
            $null = & $Script[$name]
            $elapsed = [Diagnostics.Stopwatch]::GetElapsedTime($start).TotalSeconds
            if ($round -ge 0) { $seconds[$name].Add($elapsed) }
        }
    }

    $seconds
}

# The median of the ratios of what was measured in the same round.
function Get-MedianRatio([Collections.Generic.List[double]] $Seconds, [Collections.Generic.List[double]] $Beside) {
    Get-Median @(for ($i = 0; $i -lt $Seconds.Count; $i++) { $Seconds[$i] / $Beside[$i] })
}
