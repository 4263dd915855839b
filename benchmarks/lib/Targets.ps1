# What the numbers shall show: medians of paired ratios. A case names the target that it stands for.
$script:targets = [ordered]@{
    '1' = 'One file, warm, from 1 MiB up: at most 1.02 of the fastest of cp, File.Copy and Python'
    '1b' = 'One file, warm, below 64 KiB: at most 0.5 of Copy-Item'
    '2' = 'Cold, ext4: at most 1.0 of cp'
    '2b' = 'Cold, ext4: at most 1.15 of reading the file alone'
    '3' = '100,000 small files: at most 0.6 of cp -r'
    '3c' = '100,000 small files: at most 0.9 of the fastest other tool'
    '3b' = '100,000 small files: at most 0.15 of Copy-Item -Recurse'
    '3d' = '100,000 small files through the pipeline: at most 0.9 of find | xargs cp'
    '4' = 'A range at offset 12,345: at most 0.9 of dd bs=1M'
    '5' = 'At least 3 times as fast as the loop of py-splice'
    '5b' = 'At most 1/100 of the system calls of the loop of py-splice'
    '6' = 'Overwriting a file: at most 1.05 of cp'
    '7' = 'Call overhead, 0-byte file: at most 1/4 of Copy-Item'
    '8' = 'Import: at most 60 ms'
    '8b' = 'The first call: at most as long as that of Copy-Item'
    '9' = '100,000 unchanged files: at most 0.6 of rsync -a'
    '10' = 'The first synchronization of 10,000 small files: at most 0.7 of rsync -a'
    '11' = 'A 4 GiB image of which 1 % changed, XFS: at most 0.5 of rsync --inplace'
    '11b' = 'At most 2 % of that image is written'
    '11c' = 'At most 2 % of that image is not shared with a snapshot of the old one'
    '12' = 'Two clones of 4 GiB are compared in at most 50 ms'
    '12b' = 'Two equal files: at most 1.0 of cmp'
    '13' = 'A file into a pipe of 1 MiB: at most 1.0 of pv'
    '14' = '600 MiB to a host: at most 1.05 of cat | ssh'
    '15' = '600 MiB to three hosts: at most 1.05 of three cat | ssh at once'
    '16' = '10,000 small files to a host, first time: at most 0.8 of rsync -a'
    '17' = '10,000 unchanged files of a host: at most 1.0 of rsync -a'
    '18' = 'A 4 GiB image of which 1 % changed to a host: at most 1.0 of rsync --inplace'
    '18b' = 'At most 1.5 times that change travels'
}

# A target is @{ Id; Peer: names, of which the fastest counts; AtMost; Of: ratio, difference, seconds, systemCalls or a fact of ours }.
function Get-TargetRecord([hashtable] $Target, [object[]] $Records) {
    $ours = $Records | Where-Object ours
    $peer = $Records | Where-Object { -not $_.ours -and $_.contestant -in $Target.Peer } |
        Sort-Object { $_.seconds.median } | Select-Object -First 1
    if ($Target.Peer -and -not $peer) { return }
    $of = $Target.Of ?? 'ratio'
    $measured = switch ($of) {
        'ratio' { $peer.ratio.median }
        'difference' { $peer.difference.median }
        'seconds' { $ours.seconds.median }
        'systemCalls' { if ($peer.systemCalls) { ConvertTo-Figure ($ours.systemCalls / $peer.systemCalls) } }
        default { $ours.facts.$_ }
    }
    if ($null -eq $measured) { return }
    [pscustomobject][ordered]@{
        kind = 'target'; job = $script:job; case = $ours.case; fileSystem = $ours.fileSystem; target = $Target.Id
        text = $script:targets[$Target.Id]; peer = $peer.contestant; of = $of; measured = $measured; atMost = $Target.AtMost
        met = $measured -le $Target.AtMost
    }
}
