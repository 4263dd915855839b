<#
.SYNOPSIS
    A file in the page cache from one file system to another.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 1GB
Use-Place ext4, tmpfs {
    param($from)
    $others = @{ ext4 = 'tmpfs', 'xfs'; tmpfs = 'ext4' }[$from.FileSystem]
    Use-Place $others {
        param($to)
        $source = "$($from.Folder)/source"
        $target = "$($to.Folder)/target"
        Write-RandomFile $source $size
        $more = @{ FileSystem = $to.FileSystem; Bytes = $size; Before = { Clear-File $target } }
        Measure-Case "$(Format-Size $size) from $($from.FileSystem) to $($to.FileSystem)" (Get-CopyContestant $source $target) @more
        Clear-File $source, $target
    }
}
