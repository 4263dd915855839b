<#
.SYNOPSIS
    A clone: the copy shares the blocks of the source, and no byte moves.
#>
param([switch] $Quick)

$size = $Quick ? 4MB : 1GB
$repeat = $Quick ? 2 : 16
Use-Place xfs, btrfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    Write-RandomFile $source $size
    $contestants = @(
        @{ Name = 'Copy-ItemZeroCopy'; Ours = $true; Script = { param($n) Copy-ItemZeroCopy $source "$target.$n" -Method Reflink } }
        @{ Name = 'cp --reflink'; Command = 'cp', '--reflink=always', $source, "$target.{0}" }
        @{ Name = 'File.Copy'; Script = { param($n) [IO.File]::Copy($source, "$target.$n") } }
        @{ Name = 'Python copy_file_range'; Python = 'copy_file_range', $source, "$target.{0}" }
    )
    $copies = 0..($repeat - 1) | ForEach-Object { "$target.$_" }
    $more = @{ FileSystem = $place.FileSystem; Bytes = $size; Memory = 0; Repeat = $repeat }
    Measure-Case "clone of $(Format-Size $size)" $contestants @more -Before { Clear-File $copies }
    Clear-File @($source; $copies)
}
