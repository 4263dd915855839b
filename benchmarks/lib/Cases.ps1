# A case: several contestants do the same, in turn.

# Runs contestants in turn and returns a record for each, ours first. Each round shuffles their order, because the state that one leaves
# behind (dirty pages, a filled cache) slows down the next one; a trial and the first rounds only warm up. For the same reason all
# have memory at hand.
# The spread of the ratios decides on the number of rounds: at least MinimumRounds, at most Rounds, and only the fewest after Budget
# seconds. A peer that is much slower takes part in the fewest only.
# Before runs ahead of every turn and is not timed; Memory is what a turn takes of the page cache, as a rule its copy; Facts
# returns more about a contestant.
$script:fewestRounds = 3
$script:muchSlower = 5

function Measure-Case {
    param(
        [Parameter(Mandatory)] [string] $Case,
        [Parameter(Mandatory)] [hashtable[]] $Contestants,
        [scriptblock] $Before = {},
        [scriptblock] $Facts,
        [int] $Repeat = 1,
        [long] $Bytes,
        [long] $Memory = $Bytes,
        [long] $Files = 1,
        [string] $FileSystem,
        [hashtable[]] $Target,
        [int] $Rounds = $script:rounds,
        [int] $MinimumRounds = [Math]::Min(5, $Rounds),
        [int] $Budget = 40,
        [int] $WarmUp = $script:warmUp,
        [switch] $NoProbe
    )

    if ($script:alone) {
        $Contestants = @($Contestants | Where-Object { $_.Ours })
        $Target = @()
        $NoProbe = $true
    }

    $able = [Collections.Generic.List[hashtable]]::new()
    foreach ($contestant in $Contestants) {
        $reason = Get-ContestantReason $contestant
        if (-not $reason) { $reason = Test-Contestant $contestant $Before }
        if ($reason) { Get-SkipRecord $Case $reason -Contestant $contestant.Name } else { $able.Add($contestant) }
    }

    $ours = $able | Where-Object { $_.Ours }
    if (-not $ours) { return }
    Write-Information "  $Case$(if ($FileSystem) { ", $FileSystem" }): $($able.Name -join ', ')" -InformationAction Continue
    $samples = @{}
    $probes = @{}
    $told = @{}
    foreach ($contestant in $able) { $samples[$contestant.Name] = [Collections.Generic.List[object]]::new() }
    $inRound = $able
    $watch = [Diagnostics.Stopwatch]::StartNew()
    for ($round = -$WarmUp; $round -lt $Rounds; $round++) {
        if ($round -eq $script:fewestRounds) {
            $inRound = @($able | Where-Object { $_.Ours -or (Get-RatioSpread $samples[$ours.Name].Seconds $samples[$_.Name].Seconds).median * $script:muchSlower -ge 1 })
        }

        if ($round -ge $script:fewestRounds -and $watch.Elapsed.TotalSeconds -ge $Budget) { break }
        if ($round -ge $MinimumRounds -and (Test-Settled $ours.Name $samples $inRound.Name)) { break }
        foreach ($contestant in $inRound | Get-Random -Shuffle) {
            # A program compiles nothing at run time: the last round warms the caches for it.
            if ($round -lt -1 -and $contestant.Command) { continue }
            $null = & $Before $contestant.Name
            Get-FreeMemory $Memory
            $sample = Measure-Contestant $contestant $Repeat
            if ($round -ge 0) { $samples[$contestant.Name].Add($sample) }
            if ($Facts -and $round -eq 0) { $told[$contestant.Name] = & $Facts $contestant.Name }
        }
    }

    # Tracing many files takes longer than all else.
    if (-not $NoProbe -and $Files -le 1000) {
        foreach ($contestant in $able) {
            # Beside a script the runtime compiles when it finds time: the fewest calls are its own.
            $calls = foreach ($i in 1..($contestant.Script ? 3 : 1)) {
                $null = & $Before $contestant.Name
                Measure-SystemCall $contestant
            }
            $null = & $Before $contestant.Name
            $fewest = $calls | Sort-Object | Select-Object -First 1
            $probes[$contestant.Name] = @{ Calls = $fewest; Peak = Measure-PeakMemory $contestant }
        }
    }

    $records = foreach ($contestant in @($ours; $able | Where-Object { -not $_.Ours })) {
        $name = $contestant.Name
        $record = [ordered]@{
            kind = 'result'; job = $script:job; case = $Case; fileSystem = $FileSystem; bytes = $Bytes; files = $Files
            contestant = $name; ours = [bool]$contestant.Ours; rounds = $samples[$name].Count; repeat = $Repeat
            seconds = Get-Spread $samples[$name].Seconds
            userSeconds = ConvertTo-Figure (Get-Quantile $samples[$name].User 0.5)
            systemSeconds = ConvertTo-Figure (Get-Quantile $samples[$name].System 0.5)
            allocatedBytes = if ($contestant.Script) { [long](Get-Quantile $samples[$name].Allocated 0.5) }
            systemCalls = $probes[$name].Calls
            peakBytes = $probes[$name].Peak
            facts = $told[$name]
        }
        if (-not $contestant.Ours) {
            $record.ratio = Get-RatioSpread $samples[$ours.Name].Seconds $samples[$name].Seconds
            $record.difference = Get-DifferenceSpread $samples[$ours.Name].Seconds $samples[$name].Seconds
            $spent = foreach ($one in $ours.Name, $name) { , @($samples[$one] | ForEach-Object { $_.User + $_.System }) }
            # Below a tick of the clock there is nothing to divide by.
            if (@($spent[1] | Where-Object { $_ -le 0 }).Count -eq 0) { $record.processorRatio = Get-RatioSpread $spent[0] $spent[1] }
        }

        [pscustomobject]$record
    }

    $records
    foreach ($one in $Target) { Get-TargetRecord $one $records }
}

# True if the median ratio to each peer is known to 3 %, with a confidence of 95 %: 1.57 interquartile ranges by the root of the number
# of rounds (McGill, Tukey and Larsen, "Variations of Box Plots", 1978).
function Test-Settled([string] $Ours, [hashtable] $Samples, [string[]] $Name) {
    if ($script:alone) { return $false }
    foreach ($peer in $Name -ne $Ours) {
        $ratio = Get-RatioSpread $Samples[$Ours].Seconds $Samples[$peer].Seconds
        if (1.57 * ($ratio.q3 - $ratio.q1) / [Math]::Sqrt($Samples[$peer].Count) -gt 0.03 * $ratio.median) { return $false }
    }

    $true
}

# Lets a contestant take a first turn. Answers why a peer cannot do this job; what fails here is an error.
function Test-Contestant([hashtable] $Contestant, [scriptblock] $Before) {
    $null = & $Before $Contestant.Name
    try {
        $null = Invoke-Contestant $Contestant
    }
    catch {
        if ($Contestant.Ours) { throw }
        "it fails: $($_.Exception.Message)"
    }
}

function Get-RoomRecord([string] $Case, [hashtable] $Place) {
    Get-SkipRecord $Case "not enough space on $($Place.FileSystem)"
}

# What was not measured, and why.
function Get-SkipRecord([string] $Case, [string] $Reason, [string] $Contestant) {
    [pscustomobject][ordered]@{ kind = 'skip'; job = $script:job; case = $Case; contestant = $Contestant; reason = $Reason }
}
