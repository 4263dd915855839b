# Runs a job in a pwsh of its own, and returns whether it ended without an error. With -Alone, only the module takes part.
function Invoke-JobProcess {
    param(
        [string] $Name,
        [string] $ResultPath,
        [int] $Rounds,
        [bool] $Quick,
        [string[]] $Folder,
        [string] $WorkName,
        [string] $Module = $script:module,
        [switch] $Alone
    )

    $list = ($Folder | ForEach-Object { "'$_'" }) -join ','
    $places = "-Folder $list -WorkName '$WorkName' -ResultPath '$ResultPath' -Module '$Module' -Alone:`$$Alone"
    $script = "& '$PSScriptRoot/Invoke-Job.ps1' -Name '$Name' -Rounds $Rounds -Quick:`$$Quick $places"
    $process = [Diagnostics.Process]::Start((Get-Pwsh), [string[]]('-NoProfile', '-NonInteractive', '-Command', $script))
    try {
        # Ctrl+C is heard between two looks.
        while (-not $process.WaitForExit(200)) { continue }
        $process.ExitCode -eq 0
    }
    finally {
        if (-not $process.HasExited) {
            $process.Kill($true)
            $process.WaitForExit()
        }

        $process.Dispose()
        Clear-Place $Folder $WorkName
    }
}
