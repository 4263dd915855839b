# The figures in README.md, docs/performance.md and the pages of the jobs: generated between two marks.

# What docs/performance.md begins with, in its order.
$script:summary = @(
    @{ Text = '1 GiB file to file, tmpfs'; Job = 'large-file'; Case = '1 GiB'; On = 'tmpfs'; Peer = 'cp', 'File.Copy' }
    @{ Text = '1 GiB file to file, ext4'; Job = 'large-file'; Case = '1 GiB'; On = 'ext4'; Peer = 'cp', 'File.Copy' }
    @{ Text = '4 GiB that are not in the page cache, ext4'; Job = 'cold-file'; Case = '4 GiB, cold'; On = 'ext4'; Peer = 'cp', 'reading alone (dd)' }
    @{ Text = '1 GiB over an old file, ext4'; Job = 'overwrite'; Case = '1 GiB over a file'; On = 'ext4'; Peer = 'cp' }
    @{ Text = '512 MiB from offset 12,345, ext4'; Job = 'range'; Case = '512 MiB at offset 12,345'; On = 'ext4'; Peer = 'dd' }
    @{ Text = 'clone of 1 GiB, XFS'; Job = 'reflink'; Case = 'clone of 1 GiB'; On = 'xfs'; Peer = 'cp --reflink' }
    @{ Text = 'sparse 100 GiB, 1 GiB of data in 10,000 extents, ext4'; Job = 'sparse'; Case = '100 GiB, 1 GiB of data, 10000 extents'; On = 'ext4'; Peer = 'cp' }
    @{ Text = 'tree of 100,000 small files, ext4'; Job = 'small-files'; Case = '100,000 files, tree'; On = 'ext4'; Peer = 'cp -r', 'Copy-Item -Recurse' }
    @{ Text = '10,000 small files through the pipeline, tmpfs'; Job = 'small-files'; Case = '10,000 files, piped'; On = 'tmpfs'; Peer = 'dir | Copy-Item' }
    @{ Text = 'mirror of 100,000 unchanged files, ext4'; Job = 'sync-unchanged'; Case = '100,000 unchanged files'; On = 'ext4'; Peer = 'rsync -a' }
    @{ Text = 'mirror of 10,000 files, first time, ext4'; Job = 'sync-first'; Case = '10,000 files, first time'; On = 'ext4'; Peer = 'rsync -a' }
    @{ Text = 'mirror of a 4 GiB image of which 1 % changed, XFS'; Job = 'sync-delta'; Case = '4 GiB, 1 % changed'; On = 'xfs'; Peer = 'rsync --inplace' }
    @{ Text = 'comparison of two equal files of 4 GiB, XFS'; Job = 'compare'; Case = '4 GiB, two equal files'; On = 'xfs'; Peer = 'cmp' }
    @{ Text = 'a call on a file of 0 bytes'; Job = 'call-overhead'; Case = '0 bytes, a new file'; On = 'tmpfs'; Peer = 'Copy-Item' }
    @{ Text = '1 GiB, instead of py-splice'; Job = 'py-splice'; Case = '1 GiB by path'; On = 'tmpfs'; Peer = 'py-splice' }
    @{ Text = '4 GiB to TCP, loopback'; Job = 'to-socket'; Case = '4 GiB to TCP'; On = 'tmpfs'; Peer = 'Stream.CopyToAsync', 'Socket.SendFile' }
    @{ Text = 'relay of 4 GiB from socket to socket'; Job = 'relay'; Case = '4 GiB from socket to socket'; On = 'tmpfs'; Peer = 'Stream.CopyToAsync' }
    @{ Text = '4 GiB to four pipes'; Job = 'fan-out'; Case = '4 GiB to 4 pipes'; On = 'tmpfs'; Peer = 'tee' }
    @{ Text = '`cat a | cat > /dev/null`, 1 GiB'; Job = 'native-pipeline'; Case = 'cat a | cat > /dev/null'; On = 'tmpfs'; Peer = 'bash', 'pwsh' }
    @{ Text = '4 GiB cut into 8 parts, XFS'; Job = 'split-join'; Case = '4 GiB cut into 8'; On = 'xfs'; Peer = 'split' }
    @{ Text = 'start of `pwsh` with the module'; Job = 'import'; Case = 'start of pwsh'; On = ''; Peer = 'pwsh'; Added = $true }
)

# The plots that belong to a job's table; * stands for the file systems.
$script:plots = @{
    'large-file' = 'time-by-size-*', 'ratio-large-files-*'; 'small-files' = 'files-per-second-*'; 'every-tool' = 'cpu-time-per-gib-*'; 'to-pipe' = 'streams-*'
}

function Read-Record([string] $Path) {
    @([IO.File]::ReadAllLines($Path) | Where-Object { $_ } | ForEach-Object { ConvertFrom-Json $_ })
}

# Keeps the last results of each job in a file of its name; those of a quick run do not count.
function Save-LatestRecord([string] $ResultFolder, [string] $KeptFolder) {
    $null = [IO.Directory]::CreateDirectory($KeptFolder)
    foreach ($file in [IO.Directory]::GetFiles($ResultFolder, '*.jsonl') | Sort-Object) {
        $run, $records = Read-Record $file
        if ($run.quick) { continue }
        foreach ($group in $records | Group-Object job) {
            $kept = "$KeptFolder/$($group.Name).jsonl"
            if ([IO.File]::Exists($kept) -and (Read-Record $kept)[0].date -ge $run.date) { continue }
            $lines = @($run; $group.Group) | ForEach-Object { ConvertTo-Json $_ -Depth 5 -Compress }
            [IO.File]::WriteAllText($kept, ($lines -join "`n") + "`n")
        }
    }
}

# The results that are kept, by job.
function Get-KeptRecord([string] $Folder) {
    $jobs = [ordered]@{}
    foreach ($file in [IO.Directory]::GetFiles($Folder, '*.jsonl') | Sort-Object) {
        $run, $records = Read-Record $file
        $jobs[[IO.Path]::GetFileNameWithoutExtension($file)] = @{ Run = $run; Records = @($records) }
    }

    $jobs
}

# A document with text between two of its marks. One without them stays as it is.
function Join-MarkedText([string] $Document, [string] $Name, [string[]] $Line) {
    $begin = "<!-- begin $Name -->"
    $end = "<!-- end $Name -->"
    $from = $Document.IndexOf($begin, [StringComparison]::Ordinal)
    $to = $Document.IndexOf($end, [StringComparison]::Ordinal)
    if ($from -lt 0 -or $to -lt $from) { return $Document }
    $Document.Substring(0, $from + $begin.Length) + "`n`n" + ($Line -join "`n") + "`n`n" + $Document.Substring($to)
}

# The last run. What was measured at another commit may have changed since.
function Get-LastRun([Collections.IDictionary] $Jobs) { @($Jobs.Values.Run | Sort-Object date)[-1] }

function Get-OlderJob([Collections.IDictionary] $Jobs) {
    $last = Get-LastRun $Jobs
    @($Jobs.Keys | Where-Object { $Jobs[$_].Run.versions.commit -ne $last.versions.commit })
}

function Format-Summary([Collections.IDictionary] $Jobs) {
    $older = Get-OlderJob $Jobs
    Format-Head 'job', 'Splice', 'peer: time, median of the paired ratios (interquartile range)'
    foreach ($row in $script:summary) {
        $records = @($Jobs[$row.Job].Records | Where-Object { $_.kind -eq 'result' -and $_.case -eq $row.Case -and "$($_.fileSystem)" -eq $row.On })
        $ours = $records | Where-Object ours
        if (-not $ours) { continue }
        $peers = foreach ($name in $row.Peer) {
            $peer = $records | Where-Object { -not $_.ours -and $_.contestant -eq $name }
            $compared = if ($row.Added) { "the import adds $(Format-Second $peer.difference.median)" } else { Format-Ratio $peer.ratio }
            if ($peer) { "``$name``: $(Format-Second $peer.seconds.median), $compared" }
        }
        Format-Row "$($row.Text)$(if ($row.Job -in $older) { ' \*' })", "$(Format-Second $ours.seconds.median)$(if ($ours.systemCalls) { ", $($ours.systemCalls) system calls" })", ($peers -join '; ')
    }
}

# What the README shows: jobs beside what PowerShell has for them.
$script:wins = @(
    @{ Text = 'copy 100,000 small files, ext4'; Job = 'small-files'; Case = '100,000 files, tree'; On = 'ext4'; Peer = 'Copy-Item -Recurse' }
    @{ Text = 'copy 10,000 small files through the pipeline, tmpfs'; Job = 'small-files'; Case = '10,000 files, piped'; On = 'tmpfs'; Peer = 'dir | Copy-Item' }
    @{ Text = 'copy a 1 GiB file, ext4'; Job = 'large-file'; Case = '1 GiB'; On = 'ext4'; Peer = 'File.Copy' }
    @{ Text = '`cat a | cat > /dev/null`, 1 GiB'; Job = 'native-pipeline'; Case = 'cat a | cat > /dev/null'; On = 'tmpfs'; Peer = 'pwsh' }
    @{ Text = 'split a 4 GiB file into 8 parts, XFS'; Job = 'split-join'; Case = '4 GiB cut into 8'; On = 'xfs'; Peer = 'split' }
)

function Format-Win([Collections.IDictionary] $Jobs) {
    Format-Head 'job', 'Splice', 'today', 'speedup'
    foreach ($row in $script:wins) {
        $records = @($Jobs[$row.Job].Records | Where-Object { $_.kind -eq 'result' -and $_.case -eq $row.Case -and $_.fileSystem -eq $row.On })
        $ours = $records | Where-Object ours
        $peer = $records | Where-Object { -not $_.ours -and $_.contestant -eq $row.Peer }
        if (-not ($ours -and $peer)) { continue }
        $figures = $ours, $peer | ForEach-Object { Format-Second $_.seconds.median }
        Format-Row $row.Text, $figures[0], "``$($row.Peer)``: $($figures[1])", "$(ConvertTo-Figure (1 / $peer.ratio.median) 2)`u{d7}"
    }
}

# Pictures for a light and a dark page, as many as there are of a name. A plot has a description of what is seen.
function Format-Picture([string] $Folder, [string] $Name, [string] $Link) {
    foreach ($light in Get-ChildItem $Folder -Filter "$Name-light.svg" | Sort-Object Name) {
        $base = $light.Name -replace '-light\.svg$'
        $seen = [Security.SecurityElement]::Escape(([xml] [IO.File]::ReadAllText($light.FullName)).svg.desc)
        '<picture>'
        "  <source media=`"(prefers-color-scheme: dark)`" srcset=`"$Link/$base-dark.svg`">"
        "  <img alt=`"$seen`" src=`"$Link/$base-light.svg`">"
        '</picture>', ''
    }
}

# Keeps the last results beside those that the repository has, and writes all of them into its documents.
function Write-Document([string] $ResultFolder, [string] $Repository) {
    $kept = "$Repository/benchmarks/results"
    Save-LatestRecord $ResultFolder $kept
    $jobs = Get-KeptRecord $kept
    if (-not $jobs.Count) { throw "There are no results in '$ResultFolder' but quick ones." }
    $merged = [IO.Path]::GetTempFileName()
    try {
        $lines = @($jobs.Values | ForEach-Object { $_.Records } | ForEach-Object { ConvertTo-Json $_ -Depth 5 -Compress })
        [IO.File]::WriteAllLines($merged, $lines)
        Write-Plot $merged "$Repository/docs/images"
    }
    finally {
        [IO.File]::Delete($merged)
    }

    Write-Table $jobs $Repository
    $older = Get-OlderJob $jobs
    if ($older) { Write-Warning "The figures of these jobs are of other commits than the last run, and marked: $($older -join ', ')." }
}

# The tables of the documents, and the pictures that they show.
function Write-Table([Collections.IDictionary] $Jobs, [string] $Repository) {
    $images = "$Repository/docs/images"
    $last = Get-LastRun $Jobs
    $older = Get-OlderJob $Jobs
    foreach ($name in $Jobs.Keys) {
        $results = @($Jobs[$name].Records | Where-Object kind -EQ result)
        if (-not $results) { continue }
        Update-MarkedText "$Repository/docs/performance/$name.md" "job $name" -Line @(
            foreach ($plot in $script:plots[$name]) { Format-Picture $images $plot -Link ../images }
            if ($name -ne 'memory') { Format-CaseTable $results; '' }
            '<details><summary>All figures</summary>', ''
            Format-ContestantTable $results
            '', '</details>', ''
            $skips = @(Format-SkipList $Jobs[$name].Records)
            if ($skips) { $skips; '' }
            "$(Format-RunLine $Jobs[$name].Run)$(if ($name -in $older) { " **An older commit** than that of the last run, $($last.versions.commit)." })"
        )
    }

    $summary = @(Format-Summary $Jobs)
    $measured = "$(Format-RunLine $last)$(if ($older) { ' \*: measured at an older commit, which the page of the job names.' })"
    Update-MarkedText "$Repository/docs/performance.md" numbers -Line @(
        foreach ($plot in 'time-by-size-ext4', 'files-per-second-ext4') { Format-Picture $images $plot -Link images }
        $summary; ''; $measured
    )
    $targets = @($Jobs.Values | ForEach-Object { $_.Records | Where-Object kind -EQ target })
    if ($targets) { Update-MarkedText "$Repository/docs/performance.md" targets -Line (Format-TargetList $targets) }
    Update-MarkedText "$Repository/README.md" numbers -Line @(Format-Win $Jobs)
}

function Update-MarkedText([string] $Path, [string] $Name, [string[]] $Line) {
    if ([IO.File]::Exists($Path)) { [IO.File]::WriteAllText($Path, (Join-MarkedText ([IO.File]::ReadAllText($Path)) $Name $Line)) }
}

# Draws the plots of a file of results, where there is an SDK that builds them.
function Write-Plot([string] $ResultPath, [string] $Folder) {
    $reason = Get-NoPlotReason
    if ($reason) { return Write-Warning "There are no plots: $reason" }
    $said = dotnet run --project "$PSScriptRoot/../Plots" -c Release -- $ResultPath $Folder
    if ($LASTEXITCODE) { throw "The plots ended with exit code ${LASTEXITCODE}: $said" }
}

function Get-NoPlotReason {
    if (-not (Get-Command dotnet -CommandType Application -ErrorAction Ignore)) { return '.NET SDK 10 is missing' }
    # The SDK that is taken depends on the folder, global.json being above it.
    Push-Location $PSScriptRoot
    try { $version = dotnet --version 2>$null } finally { Pop-Location }
    if ("$version" -notmatch '^[1-9]\d+\.') { return '.NET SDK 10 is missing' }
    if (-not (Get-ChildItem /usr/share/fonts -Recurse -Filter *.ttf -ErrorAction Ignore)) { 'there are no fonts: apt-get install fonts-dejavu-core' }
}
