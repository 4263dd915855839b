<#
.SYNOPSIS
    One file that is not in the page cache, into a new file, beside reading it alone.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 4GB
Use-Place ext4, xfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    if (-not (Test-Room $place.Folder (2 * $size))) { return Get-RoomRecord 'cold' $place }
    $contestants = @(
        Get-CopyContestant $source $target cp, File.Copy
        @{ Name = 'reading alone (dd)'; Command = 'dd', "if=$source", 'of=/dev/null', 'bs=1M', 'status=none' }
    )
    $targets = @(
        if ($place.FileSystem -eq 'ext4') {
            @{ Id = '2'; Peer = 'cp'; AtMost = 1.0 }
            @{ Id = '2b'; Peer = 'reading alone (dd)'; AtMost = 1.15 }
        }
    )
    Write-RandomFile $source $size
    $more = @{ FileSystem = $place.FileSystem; Bytes = $size; Memory = 2 * $size; Target = $targets }
    Measure-Case "$(Format-Size $size), cold" $contestants @more -Before {
        Clear-File $target
        Clear-Cache $source
    }
    Clear-File $source, $target
}
