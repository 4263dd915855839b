<#
.SYNOPSIS
    A part of a file, from an offset that divides by nothing, into a new file.
#>
param([switch] $Quick)

$count = $Quick ? 8MB : 512MB
$offset = 12345
Use-Place ext4, xfs, tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    Write-RandomFile $source (2 * $count)
    $quiet = 'status=none'
    $tail = 'tail -c +$(($2 + 1)) "$0" 2> /dev/null | head -c $3 > "$1"'
    $contestants = @(
        @{ Name = 'Copy-ItemZeroCopy'; Ours = $true; Script = { Copy-ItemZeroCopy $source $target -Offset $offset -Count $count } }
        @{ Name = 'dd'; Command = 'dd', "if=$source", "of=$target", 'bs=1M', 'iflag=skip_bytes,count_bytes', "skip=$offset", "count=$count", $quiet }
        @{ Name = 'tail | head'; Command = 'bash', '-c', $tail, $source, $target, "$offset", "$count" }
        @{ Name = 'Python copy_file_range'; Python = 'range_copy_file_range', $source, $target, "$offset", "$count" }
    )
    $more = @{ FileSystem = $place.FileSystem; Bytes = $count; Target = @{ Id = '4'; Peer = 'dd'; AtMost = 0.9 } }
    Measure-Case "$(Format-Size $count) at offset 12,345" $contestants @more -Before { Clear-File $target }
    Clear-File $source, $target
}
