<#
.SYNOPSIS
    Copies a disk image into a backup folder, one file per day, and keeps the last few.

.DESCRIPTION
    Resumes the interrupted copy of an earlier run of the same day, reads the copy back and compares it with the image, and
    returns when the copy is on the disk. Holes take no space. Old copies are removed once the new one is complete.

    Emits the result of the copy. The exit code is for a timer or cron: 0 after success, 75 if a later run can succeed, 1 if
    an administrator has to act.

.EXAMPLE
    ./backup-image.ps1 /var/lib/libvirt/images/db.img /mnt/backup

.EXAMPLE
    ./backup-image.ps1 /var/lib/libvirt/images/db.img /mnt/backup -Keep 30 -RateLimit 100MB
#>
#requires -Version 7.4
#requires -Modules Splice
[CmdletBinding()]
param(
    # The disk image.
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    # The folder of the copies.
    [Parameter(Mandatory, Position = 1)]
    [string] $Folder,

    # Number of copies to keep, including the new one.
    [ValidateRange(1, 10000)]
    [int] $Keep = 7,

    # Maximum number of bytes per second. Default: unlimited.
    [long] $RateLimit,

    # The day in the name of the copy.
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
    $failure = $_.Exception # in the switch, $_ is the id
    $exitCode, $advice = switch ($failure.Id) {
        DestinationBusy { 75, 'Another run is writing this copy.' }
        DiskFull { 75, 'Free some space: the next run copies only the rest.' }
        SourceChanged { 75, 'Stop the guest, or copy a snapshot of the image.' }
        SourceTruncated { 75, 'Stop the guest, or copy a snapshot of the image.' }
        ReadFailed { 1, 'The disk of the image may be failing.' }
        WriteFailed { 1, 'The disk of the copies may be failing.' }
        VerificationFailed { 1, "The first byte that differs is at $($failure.DifferenceOffset)." }
        default { 1, $failure.RecommendedAction }
    }
    Write-Error "$($failure.Problem) $advice" -ErrorId $failure.Id -TargetObject $Path -ErrorAction Continue
    exit $exitCode
}

# The names end with the date, so that they sort by day.
Get-ChildItem -LiteralPath $Folder -File |
    Where-Object { $_.Name.StartsWith("$name.") -and $_.Name.Substring($name.Length) -match '^\.\d{4}-\d\d-\d\d$' } |
    Sort-Object Name -Descending | Select-Object -Skip $Keep | Remove-Item
exit 0
