# Returns the path of a program that starts a pwsh of the same kind as this one: the same files and the same .NET. Where pwsh
# is a .NET tool, the process is dotnet, and the program is a script in out/pwsh. It ends in exec: the process that Start-Process
# or [Diagnostics.Process] returns is PowerShell itself, and gets the signals sent to it.
function Get-Pwsh {
    $process = [Environment]::ProcessPath
    if ([IO.Path]::GetFileName($process) -ne 'dotnet') { return $process }

    $folder = [IO.Path]::GetFullPath("$PSScriptRoot/../out/pwsh")
    $script = "#!/bin/sh`nexec '$process' '$PSHOME/pwsh.dll' `"`$@`"`n"
    if (-not (Test-Path "$folder/pwsh") -or [IO.File]::ReadAllText("$folder/pwsh") -cne $script) {
        $null = [IO.Directory]::CreateDirectory($folder)
        $new = "$folder/pwsh-$PID"
        [IO.File]::WriteAllText($new, $script)
        chmod a+rx $new
        # Another process can be starting the old one.
        [IO.File]::Move($new, "$folder/pwsh", $true)
    }

    "$folder/pwsh"
}
