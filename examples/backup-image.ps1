<#
.SYNOPSIS
    Copies a disk image into a backup folder, one file a day, and keeps the last few.

.DESCRIPTION
    The copy goes on where an earlier run of the same day was interrupted, both sides are read again and compared, and the
    script ends when the disk has the copy. Holes take no space. The old copies go when the new one is complete.

    Emits the result of the copy. The exit code is for a timer or cron: 0 when the copy is there, 75 where a later run can
    succeed, 1 where somebody has to look.

.EXAMPLE
    ./backup-image.ps1 /var/lib/libvirt/images/db.img /mnt/backup

.EXAMPLE
    ./backup-image.ps1 /var/lib/libvirt/images/db.img /mnt/backup -Keep 30 -RateLimit 100MB
#>
#requires -Version 7.4
#requires -Modules Splice
[CmdletBinding()]
param(
    # The image.
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    # The folder that has the copies.
    [Parameter(Mandatory, Position = 1)]
    [string] $Folder,

    # How many copies to keep, the new one included.
    [ValidateRange(1, 10000)]
    [int] $Keep = 7,

    # How many bytes to move a second, at most; all that the disks give if left out.
    [long] $RateLimit,

    # The day that the copy is named after.
    [datetime] $Date = (Get-Date)
)

$ErrorActionPreference = 'Stop'
$name = Split-Path $Path -Leaf
$copy = Join-Path $Folder "$name.$($Date.ToString('yyyy-MM-dd', [cultureinfo]::InvariantCulture))"
$limit = if ($RateLimit) { @{ RateLimit = $RateLimit } } else { @{} }
try {
    Copy-ItemZeroCopy -LiteralPath $Path -Destination $copy -Resume -Verify -Flush @limit
}
catch [Splice.TransferException] {
    $exitCode, $advice = switch ($_.Exception.Id) {
        DestinationBusy { 75, 'Another run is at work on this copy.' }
        DiskFull { 75, 'What is there already is not copied again.' }
        SourceChanged { 75, 'Stop the guest, or copy a snapshot of the image.' }
        SourceTruncated { 75, 'Stop the guest, or copy a snapshot of the image.' }
        ReadFailed { 1, 'The disk of the image may be failing.' }
        WriteFailed { 1, 'The disk of the copies may be failing.' }
        VerificationFailed { 1, "The first byte that differs is at $($_.Exception.DifferenceOffset)." }
        default { 1, 'Nothing was replaced.' }
    }
    Write-Error "$($_.Exception.Message) $advice" -ErrorId $_.Exception.Id -TargetObject $Path -ErrorAction Continue
    exit $exitCode
}

# Names of one pattern, with the date at the end: their order is that of their days.
Get-ChildItem -LiteralPath $Folder -File |
    Where-Object { $_.Name.StartsWith("$name.") -and $_.Name.Substring($name.Length) -match '^\.\d{4}-\d\d-\d\d$' } |
    Sort-Object Name -Descending | Select-Object -Skip $Keep | Remove-Item
exit 0
