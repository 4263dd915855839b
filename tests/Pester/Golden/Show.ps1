# Shows common tables and errors, each under a title. The values are fixed, so that the text is the same on every machine.
param([string] $Module, [string] $DoneFile)

[cultureinfo]::CurrentCulture = [cultureinfo]::InvariantCulture
Import-Module $Module
$long = '/srv/backups/web/2026-11-29/sites/example.com/public/uploads/holiday.mov'
$none = [Splice.MethodAttempt[]]@()
$file = [Splice.TransferResult]@{
    Source = '/srv/web/holiday.mov'; Destination = $long; Attempts = $none; Method = 'Splice'; BytesMoved = 3.5GB; BytesInHoles = 512MB
    Elapsed = [timespan]::FromSeconds(12.345); Verified = $true; Hash = 'D41D8CD98F00B204E9800998ECF8427E'; Algorithm = 'MD5'
}
$tree = [Splice.TransferResult]@{
    Source = '/srv/web'; Destination = '/srv/backups/web/2026-11-29'; Attempts = $none; FileCount = 12345; Updated = 210; Unchanged = 11900
    Skipped = 3; Failed = 2; DirectoryCount = 640; BytesMoved = 1.5GB; Elapsed = [timespan]::FromSeconds(4)
}
$tree.PSTypeNames.Insert(0, 'Splice.TransferResult#Tree')
$sent = [Splice.RemoteTransferResult]@{
    HostName = 'root@web1.example.com:2222'; Source = '/srv/web'; Destination = $long; BytesSent = 300MB; Verified = $true; Elapsed = [timespan]::FromSeconds(150)
}
$received = [Splice.RemoteTransferResult]@{
    HostName = 'web2'; Source = '/var/log/syslog'; Destination = '/srv/logs/web2/syslog'; BytesSent = 5MB; Elapsed = [timespan]::FromSeconds(0.5)
}
$received.PSTypeNames.Insert(0, 'Splice.RemoteTransferResult#Received')
$synchronized = foreach ($name in 'root@web1.example.com:2222', 'web2') {
    [Splice.RemoteTransferResult]@{
        HostName = $name; Source = '/srv/web'; Destination = '/srv/mirror'; FileCount = 100000; Updated = 17; Unchanged = 99975; Removed = 1234
        FailedCount = 1; DirectoryCount = 4096; BytesSent = 100MB; Elapsed = [timespan]::FromSeconds(12.5)
    }
}
$synchronized.ForEach({ $_.PSTypeNames.Insert(0, 'Splice.RemoteTransferResult#Tree') })
$hosts = foreach ($case in @{ BytesSent = 300MB; ResumedAt = 700MB; Verified = $true }, @{ BytesSent = 5MB; Verified = $true }, @{ Status = 'Unchanged' }) {
    [Splice.RemoteTransferResult](@{ HostName = 'web1'; Source = '/srv/disk.img'; Destination = '/images/disk.img'; Elapsed = [timespan]::FromSeconds(2) } + $case)
}
$resumed = foreach ($case in @{ ResumedAt = 2.5GB; Verified = $true }, @{ ResumedAt = 2.5GB }, @{ Verified = $true }) {
    [Splice.TransferResult](@{
            Source = '/srv/disk.img'; Destination = '/backup/disk.img'; Attempts = $none; Method = 'Splice'; BytesMoved = 1.5GB; Elapsed = [timespan]::FromSeconds(3)
        } + $case)
}
$nothing = foreach ($case in @{ ResumedAt = 4GB; Verified = $true }, @{ Length = 0 }, @{ Status = 'Updated'; Reason = 'mode differs' }, @{ FileCount = 9; DirectoryCount = 2; Unchanged = 9 }) {
    [Splice.TransferResult](@{ Source = '/srv/disk.img'; Destination = '/backup/disk.img'; Attempts = $none; Elapsed = [timespan]::FromSeconds(0.5) } + $case)
}
$nowhere = foreach ($case in @{ ResumedAt = 700MB; Verified = $true }, @{ BytesInHoles = 1GB }, @{ Status = 'Updated'; BytesUnchanged = 1GB }, @{ Length = 0 }) {
    [Splice.RemoteTransferResult](@{ HostName = 'web1'; Source = '/srv/disk.img'; Destination = '/images/disk.img'; Elapsed = [timespan]::FromSeconds(2) } + $case)
}
$verified = [Splice.TransferResult]@{
    Source = '/srv/web'; Destination = '/mnt/web'; Attempts = $none; FileCount = 12; DirectoryCount = 2; BytesMoved = 15MB; Elapsed = [timespan]::FromSeconds(1); Verified = $true
}
$verified.PSTypeNames.Insert(0, 'Splice.TransferResult#Tree')
$mirror = [Splice.TransferResult]@{
    Source = '/srv/web'; Destination = '/srv/mirror'; Attempts = $none; FileCount = 100000; Updated = 17; Unchanged = 99975; Removed = 1234
    Failed = 1; DirectoryCount = 4096; BytesMoved = 100MB; Elapsed = [timespan]::FromSeconds(2); RemovalSkipped = $false
}
$mirror.PSTypeNames.Insert(0, 'Splice.TransferResult#Tree')
$items = foreach ($item in @{ Status = 'Copied'; Method = 'SendFile'; BytesMoved = 2MB }, @{ Status = 'Updated'; Method = 'ReadWrite'; BytesMoved = 999 },
    @{ Status = 'Unchanged' }, @{ Status = 'Skipped' }, @{ Status = 'Removed'; Removed = 12 }, @{ Status = 'Moved' }) {
    [Splice.TransferResult](@{ Source = '/srv/web/holiday.mov'; Destination = $long; Attempts = $none; Elapsed = [timespan]::FromSeconds(0.5) } + $item)
}
$path = 'sites/example.com/public/uploads/holiday.mov'
$mode = [Splice.PropertyDifference]::new('Mode', '0644', '0600')
$comparisons = @(
    @{
        Path = $path; ReferencePath = $long; DifferencePath = "/mnt/$path"; BytesRead = 1023MB; BytesShared = 7GB; FirstDifference = 1234567890123
        Differences = [Splice.PropertyDifference[]]@([Splice.PropertyDifference]::new('Content', $null, $null), $mode, [Splice.PropertyDifference]::new('Timestamps', 'a', 'b'))
    }
    @{
        Path = 'a.html'; ReferencePath = '/srv/web/a.html'; DifferencePath = '/mnt/a.html'; ReferenceLength = 5; DifferenceLength = 6
        Differences = [Splice.PropertyDifference[]]@([Splice.PropertyDifference]::new('Content', '5 bytes', '6 bytes'))
    }
    @{ Path = 'index.html'; ReferencePath = '/srv/web/index.html'; DifferencePath = '/mnt/index.html'; Differences = [Splice.PropertyDifference[]]@($mode) }
    @{ Path = 'old.html'; ReferencePath = '/srv/web/old.html' }
    @{ Path = $path; DifferencePath = "/mnt/$path" }
    @{ Path = 'disk.img'; ReferencePath = '/srv/disk.img'; DifferencePath = '/mnt/disk.img'; BytesShared = 100GB }
)
$compared = $comparisons.ForEach({ [Splice.ComparisonResult]$_ })
$comparedInFolders = $comparisons[0..4].ForEach({ [Splice.ComparisonResult]$_ })
$comparedInFolders.ForEach({ $_.PSTypeNames.Insert(0, 'Splice.ComparisonResult#Tree') })
$limits = [Splice.KernelLimits]::new()
[Splice.KernelLimits].GetProperty('KernelRelease').SetValue($limits, '6.18.0')
[Splice.KernelLimits].GetProperty('PipeCapacity').SetValue($limits, 1MB)
$methods = foreach ($method in @(
        @{ Method = 'Reflink'; Available = $false; Errno = 'EOPNOTSUPP'; Reason = 'ext4 has no reflinks: the file system shares no blocks between files' }
        @{ Method = 'Splice'; Available = $true; Chosen = $true; Reason = 'through a pipe, 448 KiB at a time; fastest on this file system' }
        @{ Method = 'ReadWrite'; Available = $true; Reason = 'always' }
    )) {
    $order++
    [Splice.MethodReport](@{ Source = '/srv/web/holiday.mov'; Destination = $long; Order = $order; Limits = $limits } + $method)
}
$measured = foreach ($method in @(
        @{ Method = 'CopyFileRange'; Errno = 'EOPNOTSUPP'; IsAvailable = $false; Reason = 'not supported' }
        @{
            Method = 'Splice'; IsAvailable = $true; IsAuto = $true; Reason = 'ok'; Median = [timespan]::FromMilliseconds(1234.567); BytesPerSecond = 2.5GB
            FirstQuartile = [timespan]::FromMilliseconds(1200); ThirdQuartile = [timespan]::FromMilliseconds(1300.25)
            CpuPerGiB = [timespan]::FromMilliseconds(321.5); SystemCalls = 123456
        }
    )) {
    [Splice.MeasurementResult](@{ Source = '/srv/web'; Destination = '/srv/backups/web/2026-11-29/sites'; Size = 1GB; Times = [timespan[]]@() } + $method)
}
$cases = [ordered]@{
    'A copy' = { $file, [Splice.TransferResult]@{ Source = '/a'; Destination = '/b'; Attempts = $none; Status = 'Unchanged' } }
    'A copy as a list' = { $file | Format-List }
    'Copies that were resumed or verified' = { $resumed }
    'A resumed copy as a list' = { $resumed[0] | Format-List }
    'Copies that moved nothing' = { $nothing }
    'An empty copy as a list' = { $nothing[1] | Format-List }
    'A folder' = { $tree }
    'A folder as a list' = { $tree | Format-List }
    'A verified folder' = { $verified }
    'A mirror' = { $mirror }
    'Items of a mirror, and a moved one' = { $items }
    'Differences' = { $compared }
    'Differences of folders' = { $comparedInFolders }
    'A mirror with failures, after a copy' = { $file, $mirror }
    'Methods' = { $methods }
    'Measurements' = { $measured }
    'To a host' = { $sent }
    'To a host, resumed, verified or unchanged' = { $hosts }
    'To a host, with nothing to send' = { $nowhere }
    'From a host' = { $received }
    'A mirror on hosts' = { $synchronized }
    'A pipe' = { $pipe = New-SplicePipe -Capacity 64KB; $pipe; $pipe.Dispose() }
    'A missing source' = { Copy-ItemZeroCopy /nowhere/a /tmp }
    'A missing folder' = { Copy-ItemZeroCopy /etc/passwd /nowhere/sites/example.com/public/passwd }
    'A file onto itself' = { Copy-ItemZeroCopy /etc/passwd /etc/passwd }
    'A synchronization of a file' = { Sync-ItemZeroCopy /etc/passwd /nowhere }
    'A synchronization in itself' = { Sync-ItemZeroCopy /proc /proc/sys }
    'A move of the root' = { Move-ItemZeroCopy / /tmp }
    'A comparison of folders' = { Compare-ItemZeroCopy /etc /etc }
    'A measurement in a missing folder' = { Measure-ZeroCopy /nowhere/sites/example.com/public }
    'A test of a missing file' = { Test-ZeroCopy /nowhere/a /tmp/b }
    'A host that is none' = { Send-ItemZeroCopy /etc/passwd -HostName '-oProxyCommand=x' /tmp }
}
Clear-Host
foreach ($title in $cases.Keys) {
    "== $title"
    & ([scriptblock]::Create($cases[$title])) | Out-Default
}
'== The end'
$null = New-Item $DoneFile
