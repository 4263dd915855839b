<#
.SYNOPSIS
    Native commands in a pipeline, from a file and into a file, beside bash and PowerShell's own | and >.
#>
param([switch] $Quick)

$size = $Quick ? 8MB : 1GB
Use-Place tmpfs {
    param($place)
    $text = "$($place.Folder)/text"
    $target = "$($place.Folder)/target"
    # Text that is neither all the same nor all different: numbers, each on a line.
    $null = Invoke-PipelineZeroCopy { seq 100000000 999999999 | head -c $size } -OutputPath $text
    $more = @{ FileSystem = $place.FileSystem; Bytes = $size; Before = { Clear-File $target } }
    Measure-Case 'cat a | cat > /dev/null' @more @(
        @{ Name = 'Invoke-PipelineZeroCopy'; Ours = $true; Script = { Invoke-PipelineZeroCopy { cat $text | cat } -OutputPath /dev/null } }
        @{ Name = 'bash'; Command = 'bash', '-c', 'cat "$0" | cat > /dev/null', $text }
        @{ Name = 'pwsh'; Untraced = $true; Script = { cat $text | cat > /dev/null; if ($LASTEXITCODE) { throw 'cat failed' } } }
    )
    Measure-Case 'cat a > b' @more @(
        @{ Name = 'Invoke-PipelineZeroCopy'; Ours = $true; Script = { Invoke-PipelineZeroCopy { cat $text } -OutputPath $target } }
        @{ Name = 'bash'; Command = 'bash', '-c', 'cat "$0" > "$1"', $text, $target }
        @{ Name = 'pwsh'; Script = { cat $text > $target; if ($LASTEXITCODE) { throw 'cat failed' } } }
    )
    Measure-Case 'zstd -1 < a > b' @more @(
        @{ Name = 'Invoke-PipelineZeroCopy'; Ours = $true; Needs = 'zstd'; Script = { Invoke-PipelineZeroCopy { zstd -1 } -InputPath $text -OutputPath $target } }
        @{ Name = 'bash'; Needs = 'zstd'; Command = 'bash', '-c', 'zstd -1 < "$0" > "$1"', $text, $target }
    )
    Clear-File $text, $target
}
