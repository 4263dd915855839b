# What was measured, as Markdown.

function Format-Number([string] $Format, [object] $Value) {
    [string]::Format([cultureinfo]::InvariantCulture, $Format, $Value)
}

function Format-Second([double] $Seconds) {
    switch ([Math]::Abs($Seconds)) {
        { $_ -ge 1 } { return Format-Number '{0:0.00} s' $Seconds }
        { $_ -ge 0.1 } { return Format-Number '{0:0} ms' ($Seconds * 1e3) }
        { $_ -ge 1e-3 } { return Format-Number '{0:0.0#} ms' (ConvertTo-Figure ($Seconds * 1e3) 3) }
        default { return Format-Number "{0:0} `u{b5}s" ($Seconds * 1e6) }
    }
}

# 0.96 (0.94 to 0.98): the median and the interquartile range.
function Format-Ratio([object] $Spread) {
    $format = $Spread.median -lt 0.1 ? '{0:0.000} ({1:0.000} to {2:0.000})' : '{0:0.00} ({1:0.00} to {2:0.00})'
    [string]::Format([cultureinfo]::InvariantCulture, $format, $Spread.median, $Spread.q1, $Spread.q3)
}

function Format-Row([string[]] $Cell) {
    "| $(($Cell | ForEach-Object { "$_" -replace '\|', '\|' }) -join ' | ') |"
}

function Format-Head([string[]] $Cell) {
    Format-Row $Cell
    "|$(' --- |' * $Cell.Count)"
}

# A table for each cmdlet, with a row a case: our time, processor time and system calls, and for each peer its time and the
# ratio to it.
function Format-CaseTable([object[]] $Result) {
    $ourNames = @($Result | Where-Object ours | ForEach-Object contestant | Select-Object -Unique)
    foreach ($ourName in $ourNames) {
        if ($ourName -ne $ourNames[0]) { '' }
        $cases = @($Result | Where-Object { $_.ours -and $_.contestant -eq $ourName })
        $keys = $cases | ForEach-Object { Get-CaseKey $_ }
        $others = @($Result | Where-Object { -not $_.ours -and (Get-CaseKey $_) -in $keys })
        $peers = @($others.contestant | Select-Object -Unique)
        Format-Head (@('job', 'on', $ourName, 'CPU time', 'system calls') + $peers)
        foreach ($ours in $cases) {
            $processor = Format-Second ($ours.userSeconds + $ours.systemSeconds)
            $cells = $ours.case, $ours.fileSystem, (Format-Second $ours.seconds.median), $processor, "$($ours.systemCalls)"
            foreach ($name in $peers) {
                $peer = $others | Where-Object { $_.contestant -eq $name -and (Get-CaseKey $_) -eq (Get-CaseKey $ours) }
                $cells += $peer ? "$(Format-Second $peer.seconds.median): $(Format-Ratio $peer.ratio)" : ''
            }

            Format-Row $cells
        }
    }
}

function Get-CaseKey([object] $Result) { "$($Result.case)|$($Result.fileSystem)" }

# A row a contestant, with all that was measured.
function Format-ContestantTable([object[]] $Result) {
    Format-Head @(
        'job', 'on', 'tool', 'time', 'first to third quartile', 'user CPU time', 'system CPU time', 'ratio of CPU time'
        'system calls', 'peak memory', 'allocated', 'more'
    )
    foreach ($one in $Result) {
        Format-Row @(
            $one.case
            $one.fileSystem
            $one.ours ? "**$($one.contestant)**" : $one.contestant
            Format-Second $one.seconds.median
            "$(Format-Second $one.seconds.q1) to $(Format-Second $one.seconds.q3)"
            Format-Second $one.userSeconds
            Format-Second $one.systemSeconds
            $one.processorRatio ? (Format-Ratio $one.processorRatio) : ''
            "$($one.systemCalls)"
            $null -ne $one.peakBytes ? (Format-Size $one.peakBytes) : ''
            $null -ne $one.allocatedBytes ? (Format-Size $one.allocatedBytes) : ''
            ($one.facts ? $one.facts.PSObject.Properties : @() | ForEach-Object { "$($_.Name) $($_.Value)" }) -join ', '
        )
    }
}

function Format-TargetTable([object[]] $Records) {
    $found = @($Records | Where-Object kind -EQ target)
    if (-not $found) { return }
    Format-Head 'target', 'job', 'on', 'beside', 'measured', 'at most', 'met'
    foreach ($one in $found | Sort-Object -Stable { [int]($_.target -replace '\D') }, target, fileSystem) {
        $met = $one.met ? 'yes' : '**no**'
        $figures = $one.measured, $one.atMost | ForEach-Object { Format-Number '{0:0.####}' $_ }
        Format-Row "$($one.target -replace '\D'). $($one.text)", $one.case, $one.fileSystem, $one.peer, $figures[0], $figures[1], $met
    }
}

# A line a target: in how many cases it is met, and the cases that miss it.
function Format-TargetList([object[]] $Records) {
    foreach ($group in $Records | Group-Object target | Sort-Object { [int]($_.Name -replace '\D') }, Name) {
        $missed = @($group.Group | Where-Object { -not $_.met })
        $figures = foreach ($one in $missed) {
            $place = $one.fileSystem ? " on $($one.fileSystem)" : ''
            $figure = $one.of -in 'difference', 'seconds' ? (Format-Second $one.measured) : (Format-Number '{0:0.##}' $one.measured)
            "$($one.case)${place}: $figure$(if ($one.peer -and $one.of -ne 'difference') { " of $($one.peer)" })"
        }
        $count = "$($group.Count - $missed.Count) of $($group.Count)"
        "- $($group.Group[0].text): met in $count.$(if ($missed) { " Missed: $($figures -join '; ')." })"
    }
}

function Format-SkipList([object[]] $Records) {
    foreach ($one in $Records | Where-Object kind -EQ skip) {
        "- $($one.job), $($one.case)$(if ($one.contestant) { ", $($one.contestant)" }): $($one.reason)"
    }
}

# When, on what, and what: the line below each table of the documents.
function Format-RunLine([object] $Run) {
    "Measured on $($Run.date.ToString('yyyy-MM-dd', [cultureinfo]::InvariantCulture)) on a $(Format-Machine $Run), commit $($Run.versions.commit)."
}

# The whole of a run.
function Format-Run([object[]] $Records) {
    $run = $Records | Where-Object kind -EQ run
    $lines = @(
        '# Benchmarks', '', (Format-RunLine $run), ''
        if ($run.quick) { 'A quick run: small sizes and few rounds, to see that it runs.', '' }
        '## Targets', ''
        Format-TargetTable $Records
        foreach ($group in $Records | Where-Object kind -EQ result | Group-Object job -CaseSensitive) {
            '', "## $($group.Name)", ''
            Format-CaseTable $group.Group
            ''
            Format-ContestantTable $group.Group
        }
        '', '## Not measured', ''
        Format-SkipList $Records
    )
    ($lines -join "`n") + "`n"
}
