<#
.SYNOPSIS
    The system calls of py-splice, 4 KiB at a time through a pipe, beside this module.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 1GB
Use-Place ext4, tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    Write-RandomFile $source $size
    $peer = @{ Name = 'py-splice'; Python = 'py_splice', $source, $target }
    $more = @{
        FileSystem = $place.FileSystem; Bytes = $size; Before = { Clear-File $target }
        Target = @{ Id = '5'; Peer = 'py-splice'; AtMost = 0.3333 }, @{ Id = '5b'; Peer = 'py-splice'; AtMost = 0.01; Of = 'systemCalls' }
    }
    Measure-Case "$(Format-Size $size) by path" @more @(
        @{ Name = 'Copy-ItemZeroCopy'; Ours = $true; Script = { Copy-ItemZeroCopy $source $target } }
        $peer
    )
    Measure-Case "$(Format-Size $size) between open files" @more @(
        @{ Name = 'Invoke-Splice'; Ours = $true; Script = {
                $in = [IO.File]::OpenRead($source)
                # Create would cut the new file to 0 bytes: for that ext4 writes it to the disk when it is closed (auto_da_alloc).
                $out = [IO.File]::Open($target, 'CreateNew', 'Write')
                Invoke-Splice $in $out
                $out.Dispose()
                $in.Dispose()
            }
        }
        $peer
    )
    Clear-File $source, $target
}
