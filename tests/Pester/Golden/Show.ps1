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
$cases = [ordered]@{
    'A copy' = { $file, [Splice.TransferResult]@{ Source = '/a'; Destination = '/b'; Attempts = $none; Status = 'Unchanged' } }
    'A copy as a list' = { $file | Format-List }
    'A folder' = { $tree }
    'A folder as a list' = { $tree | Format-List }
    'To a host' = { $sent }
    'From a host' = { $received }
    'A pipe' = { $pipe = New-SplicePipe -Capacity 64KB; $pipe; $pipe.Dispose() }
    'A missing source' = { Copy-ItemZeroCopy /nowhere/a /tmp }
    'A missing folder' = { Copy-ItemZeroCopy /etc/passwd /nowhere/sites/example.com/public/passwd }
    'A file onto itself' = { Copy-ItemZeroCopy /etc/passwd /etc/passwd }
}
Clear-Host
foreach ($title in $cases.Keys) {
    "== $title"
    & ([scriptblock]::Create($cases[$title])) | Out-Default
}
'== The end'
$null = New-Item $DoneFile
