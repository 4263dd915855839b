# The tasks of every day, each as an administrator would type it.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # Paths of all that is in a folder, from its top.
    function Get-Entry([string] $Folder) {
        find $Folder -mindepth 1 -printf '%P\n' | Sort-Object -CaseSensitive
    }

    # What a command prints in a pwsh of its own.
    function Get-Printed([string] $Command) {
        pwsh -NoProfile -NonInteractive -Command "Import-Module '$PSScriptRoot/../../out/Splice'; Set-Location '$folder'; $Command"
    }
}

Describe 'Every day' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/site/css", "$folder/site/.git"
        foreach ($name in 'index.html', 'css/main.css', '.htaccess', '.git/config') {
            [IO.File]::WriteAllText("$folder/site/$name", "content of $name")
        }

        Push-Location $folder
    }

    AfterEach {
        Pop-Location
    }

    It 'leaves folders out' {
        $null = New-Item -ItemType Directory site/css/cache, site/cache
        Set-Content site/css/cache/x, site/cache/y cached
        $result = Copy-ItemZeroCopy site backup -Recurse -Exclude cache/, .git/
        Get-Entry backup | Should -Be '.htaccess', 'css', 'css/main.css', 'index.html'
        $result.FileCount, $result.DirectoryCount | Should -Be 3, 2
    }

    It 'copies only the style sheets, with their folders' {
        $null = New-Item -ItemType Directory site/css/print
        Set-Content site/css/print/a4.css, site/css/readme.md text
        (Copy-ItemZeroCopy site backup -Recurse -Include *.css).FileCount | Should -Be 2
        Get-Entry backup | Should -Be 'css', 'css/main.css', 'css/print', 'css/print/a4.css'
        Get-Content backup/css/main.css | Should -BeExactly 'content of css/main.css'
    }

    It 'updates only what changed' {
        $null = New-Item -ItemType Directory backup
        $null = Copy-ItemZeroCopy site backup -Recurse
        $inode = stat --format %i backup/site/css/main.css
        Set-Content site/index.html changed
        Set-Content site/new.html new
        Set-Content backup/site/extra.html 'only in the backup'
        $result = Copy-ItemZeroCopy site backup -Recurse -Update Changed
        $result.FileCount, $result.Updated, $result.Unchanged, $result.Failed | Should -Be 5, 1, 3, 0
        $result.BytesCopied | Should -Be 'changed new '.Length
        Get-Content backup/site/index.html, backup/site/new.html, backup/site/extra.html | Should -Be 'changed', 'new', 'only in the backup'
        stat --format %i backup/site/css/main.css | Should -Be $inode
        (Copy-ItemZeroCopy site backup -Recurse -Update Changed).Unchanged | Should -Be 5
    }

    It 'updates what is newer, and keeps what is newer in the backup' {
        $null = New-Item -ItemType Directory backup
        $null = Copy-ItemZeroCopy site backup -Recurse
        Set-Content site/index.html 'newer in the site'
        (Get-Item site/index.html).LastWriteTime = (Get-Date).AddHours(1)
        Set-Content backup/site/css/main.css 'newer in the backup'
        (Get-Item backup/site/css/main.css).LastWriteTime = (Get-Date).AddHours(1)
        $items = Copy-ItemZeroCopy site backup -Recurse -Update Newer -PerFile
        $items | Sort-Object Name | ForEach-Object { "$($_.Name) $($_.Status)" } |
            Should -Be '.htaccess Unchanged', 'config Unchanged', 'index.html Updated', 'main.css Skipped'
        ($items | Where-Object Name -EQ main.css).Reason | Should -BeExactly 'destination is newer'
        Get-Content backup/site/index.html, backup/site/css/main.css | Should -Be 'newer in the site', 'newer in the backup'
    }

    It 'mirrors a folder' {
        $null = New-Item -ItemType Directory mirror/old
        Set-Content mirror/old/page.html, mirror/stale.html old
        Set-Content mirror/index.html 'an old page'
        $result = Sync-ItemZeroCopy site mirror -RemoveExtra
        $result.FileCount, $result.Updated, $result.Unchanged, $result.Removed, $result.Failed | Should -Be 4, 1, 0, 3, 0
        diff --recursive site mirror
        $LASTEXITCODE | Should -Be 0
        $before = Get-Tree mirror '%i %T@ %C@'
        $again = Sync-ItemZeroCopy site mirror -RemoveExtra
        $again.Unchanged, $again.Updated, $again.Removed, $again.BytesCopied | Should -Be 4, 0, 0, 0
        Get-Tree mirror '%i %T@ %C@' | Should -Be $before
    }

    It 'lists with -WhatIf what a copy would do, with totals' {
        $null = New-Item -ItemType Directory backup
        $null = Copy-ItemZeroCopy site backup -Recurse -Exclude .htaccess
        Set-Content site/index.html changed
        $before = Get-Tree backup '%i %T@'
        $lines = Get-Printed 'Copy-ItemZeroCopy site backup -Recurse -Update Changed -WhatIf'
        $lines | Should -HaveCount 4
        $lines[1] | Should -Match 'Copy File.*\.htaccess'
        $lines[2] | Should -Match 'Update File \(size differs\).*index\.html'
        $lines[-1] | Should -BeExactly 'What if: Files: 1 to copy, 1 to update (28 B in all), 2 unchanged, 0 skipped, 0 with errors.'
        Get-Tree backup '%i %T@' | Should -Be $before
    }

    It 'lists with -WhatIf what a mirror would copy, update and remove, with totals' {
        $null = New-Item -ItemType Directory mirror
        Set-Content mirror/stale.html old
        Set-Content mirror/index.html 'an old page'
        $before = Get-Tree mirror '%i %T@'
        $lines = Get-Printed 'Sync-ItemZeroCopy site mirror -RemoveExtra -WhatIf'
        $lines[0..6] -replace '^What if: Performing the operation "([^"]*)" on .*Destination: .*/mirror/(.*)"\.$', '$1: $2' | Should -Be @(
            'Create Folder: .git', 'Copy File: .git/config', 'Copy File: .htaccess', 'Create Folder: css', 'Copy File: css/main.css'
            'Update File (size differs): index.html', 'Remove Item: stale.html'
        )
        $lines[7] | Should -BeLike 'What if: Files: 3 to copy, 1 to update (* in all), 0 unchanged, 0 skipped, 1 to remove, 0 with errors.'
        $lines | Should -HaveCount 8
        Get-Tree mirror '%i %T@' | Should -Be $before
    }

    It 'writes a manifest with the hash of each file' {
        Copy-ItemZeroCopy site backup -Recurse -HashAlgorithm SHA256 -PerFile |
            Select-Object FullName, Length, Hash | Export-Csv manifest.csv
        $rows = Import-Csv manifest.csv
        $rows | Should -HaveCount 4
        foreach ($row in $rows) {
            $row.FullName | Should -BeLike "$folder/backup/*"
            $row.Hash | Should -BeExactly (Get-FileHash -LiteralPath $row.FullName).Hash
            $row.Length | Should -Be (Get-Item -Force -LiteralPath $row.FullName).Length
        }
    }

    It 'writes a manifest with all hashes where only one file changed' {
        $null = New-Item -ItemType Directory backup
        $null = Copy-ItemZeroCopy site backup -Recurse
        Set-Content site/index.html changed
        $items = Copy-ItemZeroCopy site backup -Recurse -Update Changed -HashAlgorithm SHA256 -PerFile
        @($items.Status -eq 'Unchanged').Count, @($items.Status -eq 'Updated').Count | Should -Be 3, 1
        foreach ($item in $items) { $item.Hash | Should -BeExactly (Get-FileHash -LiteralPath $item.FullName).Hash }
    }

    It 'verifies a copy with Get-FileHash' {
        $result = Copy-ItemZeroCopy site/index.html copy.html -HashAlgorithm SHA1
        $hash = $result | Get-FileHash -Algorithm SHA1
        $result.Hash, $result.Algorithm | Should -Be $hash.Hash, $hash.Algorithm
    }

    It 'writes the results to a CSV file' {
        Copy-ItemZeroCopy site backup -Recurse -PerFile | Export-Csv results.csv
        $rows = Import-Csv results.csv
        $rows.Name | Sort-Object | Should -Be '.htaccess', 'config', 'index.html', 'main.css'
        $rows.Status | Sort-Object -Unique | Should -BeExactly 'Copied'
        (Get-Content results.csv) -match 'System\.Collections' | Should -BeNullOrEmpty
    }

    It 'copies hidden files, in folders always and by a wildcard with -Force' {
        $null = Copy-ItemZeroCopy site backup -Recurse
        Test-Path backup/.htaccess, backup/.git/config | Should -Be $true, $true
        $null = New-Item -ItemType Directory visible, all
        (Copy-ItemZeroCopy site/* visible -Recurse).Name | Sort-Object | Should -Be 'css', 'index.html'
        (Copy-ItemZeroCopy site/* all -Recurse -Force).Name | Sort-Object | Should -Be '.git', '.htaccess', 'css', 'index.html'
    }

    It 'copies files with brackets in their names, several at once' {
        $null = New-Item -ItemType Directory to
        1..4 | ForEach-Object { [IO.File]::WriteAllText("$folder/photo [$_].jpg", "$_") }
        $module = "$PSScriptRoot/../../out/Splice"
        Get-ChildItem -LiteralPath $folder -File | ForEach-Object -Parallel {
            Import-Module $using:module
            $null = Copy-ItemZeroCopy $_ "$using:folder/to"
        }
        (Get-ChildItem to).Name | Should -Be (1..4 | ForEach-Object { "photo [$_].jpg" })
    }

    It 'copies to where one is' {
        $null = New-Item -ItemType Directory here
        Set-Location here
        $null = Copy-ItemZeroCopy ../site -Recurse
        Get-Content site/index.html | Should -BeExactly 'content of index.html'
    }

    It 'moves a folder' {
        Move-ItemZeroCopy site moved
        Test-Path site | Should -BeFalse
        Get-Content moved/css/main.css | Should -BeExactly 'content of css/main.css'
        Get-Content moved/.git/config | Should -BeExactly 'content of .git/config'
    }
}
